"""
A new column whose default differs from row to row: PostgreSQL writes the whole table anew to store the values.

A default that is the same for all rows is only noted, ``Now()`` too: its value is that of the statement.

https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES
"""

from collections.abc import Iterator
from typing import Any

from django.db.migrations.operations import AddField
from django.db.models.expressions import BaseExpression, RawSQL

from ...phases.classify import column_of
from ...sql import words_of
from ...states import Level
from ..finding import Finding
from ..schema_sql import VOLATILE_FUNCTIONS
from ..subject import OperationSubject
from ..tables_in_use import TableInUseRule

# Those of Django that are written otherwise than PostgreSQL's.
DJANGO_FUNCTIONS = {"RANDOMUUID", "UUID4", "UUID7"}


class VolatileDefault(TableInUseRule):
    code = "RM203"
    name = "volatile-default"
    level = Level.WARNING
    link = "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES"
    operations = (AddField,)

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation = subject.operation
        assert isinstance(operation, AddField), "is_about() has seen to it"
        default = operation.field.db_default if operation.field.has_db_default() else None
        function = volatile_function(default)
        if not function:
            return
        table, column = subject.table, column_of(operation.name, operation.field)
        model, name = operation.model_name_lower, operation.name
        yield self.finding(
            subject,
            f"{function} gives each row of {table} a {column} of its own: the table is written anew, and nobody can "
            "read or write it until then.",
            f'AddField("{model}", "{name}", ...(null=True)), then AlterField("{model}", "{name}", ...) with the '
            f'db_default, which is for new rows only, and ops.TransformRows("{subject.app_label}.{model}", ...) for '
            "those that are there.",
        )


def volatile_function(default: Any) -> str:
    """Return the function in an expression whose value differs from row to row, or ""."""
    for part in default.flatten() if isinstance(default, BaseExpression) else ():
        function = getattr(part, "extra", {}).get("function", getattr(part, "function", ""))
        names = {type(part).__name__.upper(), str(function).upper()}
        if isinstance(part, RawSQL):
            names |= {word.upper() for word in words_of(part.sql)}
        if found := sorted(names & (VOLATILE_FUNCTIONS | DJANGO_FUNCTIONS)):
            return found[0].lower()
    return ""
