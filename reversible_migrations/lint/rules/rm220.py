"""
A column that is made NOT NULL: all rows are read while nobody may read or write the table.

A valid CHECK that it is not NULL, which can be had without that, spares PostgreSQL the reading.

https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-SET-DROP-NOT-NULL
"""

from collections.abc import Iterator

from django.db.migrations.operations import AlterField
from django.db.models import Q

from ...phases.classify import column_of
from ...states import Level
from ..finding import Finding
from ..subject import OperationSubject
from ..tables_in_use import OR_ON_BASE, TableInUseRule


class NotNullAtOnce(TableInUseRule):
    code = "RM220"
    name = "not-null-at-once"
    level = Level.WARNING
    link = "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-SET-DROP-NOT-NULL"
    operations = (AlterField,)

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation, fields = subject.operation, subject.altered
        if not isinstance(operation, AlterField) or fields is None or not fields[0].null or fields[1].null:
            return
        if is_checked_not_null(subject, operation.name) or fields[1].primary_key:
            return
        table, column = subject.table, column_of(operation.name, fields[1])
        does = "read"
        if fields[1].has_default() or fields[1].has_db_default():
            does = "updated and read"
        model = operation.model_name_lower
        check = f'CheckConstraint(condition=Q({operation.name}__isnull=False), name="{column}_not_null")'
        yield self.finding(
            subject,
            f"To make {column} NOT NULL all rows of {table} are {does}, and nobody can read or write it until then.",
            f'AddConstraintNotValid("{model}", {check}), in a later migration ValidateConstraint("{model}", '
            f'"{column}_not_null"), and this AlterField after it{OR_ON_BASE}',
        )


def is_checked_not_null(subject: OperationSubject, name: str) -> bool:
    """Return whether the model has a CHECK that the field is not NULL, and nothing else."""
    constraints = subject.model.options.get("constraints", []) if subject.model else []
    wanted = Q((f"{name}__isnull", False))
    return any(getattr(each, "condition", None) == wanted for each in constraints)
