"""
An index that is dropped under a lock: the migration waits for the queries that run, and all others behind it.

https://www.postgresql.org/docs/current/sql-dropindex.html#SQL-DROPINDEX-CONCURRENTLY
"""

from collections.abc import Iterator
from typing import Any

from django.db.migrations.operations import AlterField, AlterIndexTogether, RemoveConstraint, RemoveIndex, RunSQL

from ...phases.classify import column_of, is_altered
from ...states import Level
from ..columns import has_own_index
from ..finding import Finding
from ..subject import OperationSubject
from ..tables_in_use import OR_ON_BASE, TableInUseRule, changes_in_sql, is_index_only, together
from ..wording import is_kind


class IndexDroppedAtOnce(TableInUseRule):
    code = "RM221"
    name = "index-dropped-at-once"
    level = Level.WARNING
    link = "https://www.postgresql.org/docs/current/sql-dropindex.html#SQL-DROPINDEX-CONCURRENTLY"
    operations = (
        RemoveIndex,
        RemoveConstraint,
        AlterIndexTogether,
        AlterField,
        RunSQL,
    )

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        if isinstance(subject.operation, RunSQL):
            for change in changes_in_sql(subject):
                if change.kind == "drop index":
                    hint = f"DROP INDEX CONCURRENTLY {change.name}, in a migration with atomic = False."
                    yield self._finding(subject, change.name, "its table", hint)
        for name, hint in dropped(subject):
            yield self._finding(subject, name, subject.table, hint)

    def _finding(self, subject: OperationSubject, name: str, table: str, hint: str) -> Finding:
        message = f"Dropping {name} blocks reads and writes of {table} while it waits for the queries that run."
        return self.finding(subject, message, hint)


def dropped(subject: OperationSubject) -> Iterator[tuple[str, str]]:
    """Yield the indexes that Django drops, in words, and what to write instead."""
    operation = subject.operation
    if isinstance(operation, RemoveIndex):
        if not is_kind(operation, "RemoveIndexConcurrently"):
            concurrent = f'RemoveIndexConcurrently("{operation.model_name_lower}", "{operation.name}")'
            yield operation.name, f"{concurrent} in a migration with atomic = False{OR_ON_BASE}"
    elif isinstance(operation, RemoveConstraint):
        if is_index_only(constraint_of(subject, operation.name)):
            yield operation.name, by_sql(operation.name)
    elif isinstance(operation, AlterIndexTogether):
        for names in together(subject)[1]:
            yield f"the index on {', '.join(names)}", by_sql("...")
    elif (fields := subject.altered) and has_own_index(fields[0]) and not fields[1].db_index:
        hint = (
            "RunSQL('DROP INDEX CONCURRENTLY ...') in a migration of its own before this one, with atomic = False: "
            "Django then finds no index to drop"
        )
        column = column_of(getattr(operation, "name", ""), fields[0])
        yield f"the index of {column}", (by_sql("...") if changes_index_only(*fields) else hint) + OR_ON_BASE


def by_sql(name: str) -> str:
    return f"RunSQL('DROP INDEX CONCURRENTLY {name}') with this operation as its state_operations"


def constraint_of(subject: OperationSubject, name: str) -> Any:
    constraints = subject.model.options.get("constraints", []) if subject.model else []
    return next((each for each in constraints if each.name == name), None)


def changes_index_only(old: Any, new: Any) -> bool:
    """Return whether a field's index is all that changes in the database, so that SQL alone can do it."""
    indexed = new.clone()
    indexed.db_index = old.db_index
    return not is_altered(old, indexed)
