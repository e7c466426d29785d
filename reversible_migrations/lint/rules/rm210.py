"""
A column of the type ``json``: it has no equality, so DISTINCT, GROUP BY and UNION on it fail.

https://www.postgresql.org/docs/current/datatype-json.html
"""

from collections.abc import Iterator
from typing import Any

from django.db.migrations.operations import AddField, AlterField, CreateModel, RunSQL

from ...phases.classify import column_of
from ...sql import Statement, words_of
from ...states import Level
from ..finding import Finding
from ..registry import OperationRule
from ..schema_sql import made_tables, schema_changes
from ..subject import OperationSubject


class JsonColumn(OperationRule):
    code = "RM210"
    name = "json-column"
    level = Level.WARNING
    link = "https://www.postgresql.org/docs/current/datatype-json.html"
    operations = (
        AddField,
        AlterField,
        CreateModel,
        RunSQL,
    )

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation = subject.operation
        for table, column in json_columns(subject):
            hint = "Use jsonb"
            if not isinstance(operation, RunSQL):
                hint = f'("{column}", models.JSONField(...)), which is jsonb'
            yield self.finding(
                subject,
                f"{table}.{column} is of the type json, which has no equality: DISTINCT, GROUP BY and UNION on it "
                "fail.",
                f"{hint}.",
            )


def json_columns(subject: OperationSubject) -> Iterator[tuple[str, str]]:
    """Yield the tables and columns of this type that an operation makes."""
    operation = subject.operation
    if isinstance(operation, RunSQL):
        for statement in subject.statements:
            yield from _of_sql(statement)
        return
    fields = operation.fields if isinstance(operation, CreateModel) else [(operation.name, operation.field)]  # type: ignore[attr-defined]
    for name, field in fields:
        was_so = subject.old_field is not None and made_type(subject.old_field) == "json"
        if subject.is_managed and made_type(field) == "json" and not was_so:
            yield subject.table, column_of(name, field)


def _of_sql(statement: Statement) -> Iterator[tuple[str, str]]:
    for change in schema_changes(statement):
        if change.kind in ("add column", "change type") and change.words[:1] == ("JSON",):
            yield change.table, change.name
    words = [] if "`" in statement.text else words_of(statement.text)
    for table in made_tables(statement):
        for before, name, kind in zip(words, words[1:], words[2:], strict=False):
            if kind.upper() == "JSON" and before in ("(", ","):
                yield table, name


class PostgreSQLNames:
    """Stands for a connection where a field of the project's own is asked for its type."""

    vendor = "postgresql"


def made_type(field: Any) -> str:
    """Return the type that a class of the project's own gives its column; "" where it is Django's, or not known."""
    owner = next(kind for kind in type(field).__mro__ if "db_type" in vars(kind))
    if owner.__module__.startswith("django.") or hasattr(field, "stands_for"):
        return ""
    try:
        return str(field.db_type(PostgreSQLNames())).lower()
    except Exception:  # it asks more of the connection
        return ""
