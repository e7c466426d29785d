"""
What PostgreSQL refuses to do inside a transaction: building or dropping an index concurrently, and VACUUM.

https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
"""

from collections.abc import Iterator
from typing import Any

from django.db.migrations.operations import AddIndex, RemoveIndex, RunPython, RunSQL

from ...sql import Statement, statements_of
from ...states import Level
from ..finding import Finding
from ..registry import OperationRule
from ..subject import OperationSubject
from ..tables_in_use import CONCURRENT
from ..wording import is_kind


class ConcurrentInTransaction(OperationRule):
    code = "RM219"
    name = "concurrent-in-transaction"
    level = Level.ERROR
    link = "https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY"
    operations = (
        AddIndex,
        RemoveIndex,
        RunSQL,
        RunPython,
    )

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation = subject.operation
        is_concurrent = any(is_kind(operation, name) for name in CONCURRENT)
        if is_concurrent and subject.migration.is_atomic:
            yield self._finding(subject, type(operation).__name__)
        for statement in subject.statements:
            if needs_no_transaction(statement):
                what = f"{statement.kind} CONCURRENTLY" if statement.is_concurrent else statement.kind
                if subject.migration.is_atomic:
                    yield self._finding(subject, what)
                elif shares_a_text(operation, statement):
                    yield self.finding(
                        subject,
                        f"PostgreSQL runs the statements of one text in one transaction, and {what} is refused there: "
                        "the migration fails.",
                        'Write a list, of a text for each statement: RunSQL(["...", "..."]).',
                    )

    def _finding(self, subject: OperationSubject, what: str) -> Finding:
        return self.finding(
            subject,
            f"{what} is refused in a transaction, and this migration runs in one: it fails.",
            "atomic = False in the class Migration.",
        )


def needs_no_transaction(statement: Statement) -> bool:
    is_index = statement.kind in ("CREATE INDEX", "DROP INDEX", "REINDEX") and statement.is_concurrent
    is_whole = statement.kind in ("VACUUM", "CREATE DATABASE", "DROP DATABASE", "ALTER SYSTEM")
    return (is_index or is_whole) and "`" not in statement.text


def shares_a_text(operation: Any, statement: Statement) -> bool:
    """Return whether a text of ``RunSQL`` has other statements too; PostgreSQL gets it as a whole."""
    given = getattr(operation, "sql", None)
    texts = [given] if isinstance(given, str) else given if isinstance(given, list | tuple) else []
    plain = [each[0] if isinstance(each, list | tuple) and each else each for each in texts]
    return any(
        statement.text in [each.text for each in found] and len(found) > 1
        for found in (statements_of(text) for text in plain)
    )
