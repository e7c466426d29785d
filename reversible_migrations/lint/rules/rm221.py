"""
An index that is dropped under a lock: the migration waits for the queries that run, and all others behind it.

https://www.postgresql.org/docs/current/sql-dropindex.html#SQL-DROPINDEX-CONCURRENTLY
"""

from collections.abc import Iterator
from typing import Any

from django.db.migrations.operations import AlterField, RemoveIndex, RunSQL

from ...phases.classify import column_of, is_altered
from ...states import Level
from ..columns import has_own_index
from ..finding import Finding
from ..subject import OperationSubject
from ..tables_in_use import OR_ON_BASE, TableInUseRule, changes_in_sql
from ..wording import is_kind


class IndexDroppedAtOnce(TableInUseRule):
    code = "RM221"
    name = "index-dropped-at-once"
    level = Level.WARNING
    link = "https://www.postgresql.org/docs/current/sql-dropindex.html#SQL-DROPINDEX-CONCURRENTLY"
    operations = (
        RemoveIndex,
        AlterField,
        RunSQL,
    )

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation = subject.operation
        if isinstance(operation, RunSQL):
            for change in changes_in_sql(subject):
                if change.kind == "drop index":
                    hint = f"DROP INDEX CONCURRENTLY {change.name}, in a migration with atomic = False."
                    yield self._finding(subject, change.name, "its table", hint)
        elif isinstance(operation, RemoveIndex):
            if not is_kind(operation, "RemoveIndexConcurrently"):
                hint = (
                    f'RemoveIndexConcurrently("{operation.model_name_lower}", "{operation.name}") in a migration with '
                    f"atomic = False{OR_ON_BASE}"
                )
                yield self._finding(subject, operation.name, subject.table, hint)
        elif (fields := subject.altered) and has_own_index(fields[0]) and not fields[1].db_index:
            column = column_of(getattr(operation, "name", ""), fields[0])
            hint = (
                "RunSQL('DROP INDEX CONCURRENTLY ...') in a migration of its own before this one, with atomic = False: "
                f"Django then finds no index to drop{OR_ON_BASE}"
            )
            if changes_index_only(*fields):
                hint = f"RunSQL('DROP INDEX CONCURRENTLY ...') with this operation as its state_operations{OR_ON_BASE}"
            yield self._finding(subject, f"the index of {column}", subject.table, hint)

    def _finding(self, subject: OperationSubject, name: str, table: str, hint: str) -> Finding:
        message = f"Dropping {name} blocks reads and writes of {table} while it waits for the queries that run."
        return self.finding(subject, message, hint)


def changes_index_only(old: Any, new: Any) -> bool:
    """Return whether a field's index is all that changes in the database, so that SQL alone can do it."""
    indexed = new.clone()
    indexed.db_index = old.db_index
    return not is_altered(old, indexed)
