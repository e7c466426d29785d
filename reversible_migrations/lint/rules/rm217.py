"""
A many-to-many that is changed: Django refuses another ``through``, and renames tables and columns for another model.

https://docs.djangoproject.com/en/stable/ref/migration-operations/#alterfield
"""

from collections.abc import Iterator
from typing import Any

from django.db.migrations.operations import AlterField

from ...states import Level
from ..finding import Finding
from ..subject import OperationSubject
from ..tables_in_use import TableInUseRule


class ChangedManyToMany(TableInUseRule):
    code = "RM217"
    name = "changed-many-to-many"
    level = Level.ERROR
    link = "https://docs.djangoproject.com/en/stable/ref/migration-operations/#alterfield"
    operations = (AlterField,)

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation, old = subject.operation, subject.old_field
        if not isinstance(operation, AlterField) or old is None or hasattr(old, "stands_for"):
            return
        new: Any = operation.field
        if hasattr(new, "stands_for") or not (old.many_to_many or new.many_to_many):
            return
        where = f"{subject.table}.{operation.name}"
        model = operation.model_name_lower
        if old.many_to_many != new.many_to_many or bool(through(old)) != bool(through(new)):
            yield self.finding(
                subject,
                f"Django cannot change {where} so, from or to a many-to-many, or one with another through: the "
                "migration fails.",
                f'SeparateDatabaseAndState, with this AlterField("{model}", "{operation.name}", ...) and a CreateModel '
                "that names the table that is there by db_table, as its state_operations.",
            )
        elif not through(new) and shape(old) != shape(new):
            yield self.finding(
                subject,
                f"Changing {where} renames the table or the columns that keep it: the code that runs now fails.",
                f'AddField("{model}", "{operation.name}_new", ...), copy the rows, and take away "{operation.name}" '
                "once "
                "no code uses it.",
            )


def through(field: Any) -> str:
    model = field.remote_field.through if field.many_to_many else None
    return str(model or "").lower()


def shape(field: Any) -> tuple[str, Any]:
    """Return what the table of a many-to-many is made by."""
    return str(field.remote_field.model).lower(), field.db_table
