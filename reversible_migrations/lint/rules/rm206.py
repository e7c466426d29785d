"""
A unique constraint whose index is built while nobody may read or write the table.

https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT-USING-INDEX
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.migrations.operations import AddConstraint, AddField, AlterField, AlterUniqueTogether
from django.db.models import UniqueConstraint

from ...phases.classify import column_of
from ...states import Level
from ..columns import has_column
from ..finding import Finding
from ..subject import OperationSubject
from ..tables_in_use import OR_ON_BASE, TableInUseRule, is_index_only, referred_table, together


class UniqueAtOnce(TableInUseRule):
    code = "RM206"
    name = "unique-at-once"
    level = Level.WARNING
    link = (
        "https://www.postgresql.org/docs/current/sql-altertable.html"
        "#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT-USING-INDEX"
    )
    operations = (
        AddConstraint,
        AddField,
        AlterField,
        AlterUniqueTogether,
    )

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation = subject.operation
        if isinstance(operation, AddConstraint):
            if isinstance(operation.constraint, UniqueConstraint):
                columns = columns_of(subject, operation.constraint.fields) or "..."
                is_index = is_index_only(operation.constraint)
                yield self._finding(subject, operation.constraint.name, columns, is_index)
        elif isinstance(operation, AlterUniqueTogether):
            for names in together(subject)[0]:
                yield self._finding(subject, f"the constraint on {', '.join(names)}", columns_of(subject, names))
        elif isinstance(operation, AddField) and is_unique_column(subject, operation.field):
            yield self._added(subject, operation)
        elif (fields := subject.altered) and not fields[0].unique and is_unique_column(subject, fields[1]):
            column = column_of(getattr(operation, "name", ""), fields[1])
            yield self._finding(subject, f"the constraint on {column}", column)

    def _added(self, subject: OperationSubject, operation: AddField) -> Finding:
        column = column_of(operation.name, operation.field)
        if not operation.field.null and operation.field.has_default():
            model, name = operation.model_name_lower, operation.name
            return self.finding(
                subject,
                f"{subject.table}.{column} is unique, and Django asks its default once: two rows get the same value, "
                "and the migration fails.",
                f'AddField("{model}", "{name}", ...(null=True)), give each row its own value with ops.TransformRows, '
                "and "
                f'AlterField("{model}", "{name}", ...(unique=True)) in a later migration.',
            )
        return self._finding(subject, f"the constraint on {column}", column)

    def _finding(self, subject: OperationSubject, name: str, columns: str, is_index: bool = False) -> Finding:
        blocks = "writes to" if is_index else "reads and writes of"
        index = f"{subject.table}_unique" if " " in name else name
        constraint = getattr(subject.operation, "constraint", None)
        where = " WHERE ..." if getattr(constraint, "condition", None) else ""
        build = f"CREATE UNIQUE INDEX CONCURRENTLY {index} ON {subject.table} ({columns}){where}"
        using = f", then ALTER TABLE {subject.table} ADD CONSTRAINT {index} UNIQUE USING INDEX {index}"
        add = "" if is_index else using
        return self.finding(
            subject,
            f"Building the unique index of {name} blocks {blocks} {subject.table}.",
            f"RunSQL('{build}') in a migration with atomic = False{add}, with this operation as its "
            f"state_operations{OR_ON_BASE}",
        )


def columns_of(subject: OperationSubject, names: Sequence[str]) -> str:
    """Return the columns of fields of the model, between commas."""
    fields: dict[str, Any] = dict(subject.model.fields) if subject.model else {}
    return ", ".join(column_of(name, fields[name]) if name in fields else name for name in names)


def is_unique_column(subject: OperationSubject, field: Any) -> bool:
    """Return whether the column gets a unique constraint that no other rule tells of: RM205 has foreign keys."""
    is_unique = bool(field.unique) and has_column(field) and not field.primary_key
    return is_unique and referred_table(subject, field) is None
