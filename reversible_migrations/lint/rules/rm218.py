"""
A primary key that becomes bigint: PostgreSQL writes its table anew, and each table that refers to it.

https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES
"""

from collections.abc import Iterator
from typing import Any

from django.db.migrations.operations import AlterField

from ...states import Level
from ..columns import column_type, referred_model
from ..finding import Finding
from ..subject import OperationSubject
from ..tables_in_use import TableInUseRule


class IdToBigint(TableInUseRule):
    code = "RM218"
    name = "id-to-bigint"
    level = Level.WARNING
    link = "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES"
    operations = (AlterField,)

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation, old = subject.operation, subject.old_field
        if (
            not isinstance(operation, AlterField)
            or old is None
            or not (old.primary_key and operation.field.primary_key)
        ):
            return
        model = operation.model_name_lower
        types = [column_type(field, subject.app_label, model, subject.before) for field in (old, operation.field)]
        if [str(each) for each in types] not in (["integer", "bigint"], ["smallint", "bigint"]):
            return
        others = referring_tables(subject, (subject.app_label, model))
        tables = ", ".join([subject.table, *others[:-1]])
        yield self.finding(
            subject,
            f"{tables} and {others[-1]} are written anew: nobody can read or write them until then."
            if others
            else f"{subject.table} is written anew: nobody can read or write it until then.",
            f'While {subject.table} is small, so. Else AddField("{model}", "new_{operation.name}", BigIntegerField('
            "null=True)), keep it equal by a trigger, fill it with ops.UpdateRows, and swap the columns in a time of "
            f"maintenance; or leave it: {operation.name} = models.{type(old).__name__}(primary_key=True).",
        )


def referring_tables(subject: OperationSubject, key: tuple[str, str]) -> list[str]:
    """Return the other tables in which foreign keys, or many-to-manys, also its own, refer to a model."""
    found = []
    for (app_label, name), model in subject.before.models.items():
        table = str(model.options.get("db_table") or f"{app_label}_{name}")
        fields: dict[str, Any] = dict(model.fields)
        for field_name, field in fields.items():
            refers = referred_model(field, app_label, name) == key
            if not field.many_to_many:
                found += [table] if refers else []
            elif field.remote_field.through is None and (refers or (app_label, name) == key):
                found.append(field.db_table or f"{table}_{field_name}")
    return sorted(set(found) - {subject.table})
