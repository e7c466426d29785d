"""Which migrations could not be undone any more, and since when."""

from collections.abc import Iterator

from django.db.migrations import Migration

from ...exceptions import JournalMismatch, LeaseHeld, MissingJournal, ReversibleMigrationError, RowsDoNotSuit
from ...phases.readiness import changes_tables, faults_of_migration
from ...runs.run import latest_runs
from ..check import Check
from ..finding import Finding, info, warning
from ..scope import Scope


class Readiness(Check[Migration]):
    """
    Prove of every applied migration of ours that it can be undone, by its code and its rollback data.

    The shape of its tables counts unless a newer migration, which would be undone before it, changes tables.
    Reads the ledger and the catalogue.
    """

    name, title, things = "readiness", "Rollback readiness", "migrations"

    def find(self, scope: Scope) -> list[Migration]:
        return scope.ours

    def where(self, thing: Migration) -> str:
        return str(thing)

    def examine(self, thing: Migration, scope: Scope) -> Iterator[Finding]:
        newer = _undone_before(thing, scope)
        shapes_count = not any(changes_tables(each) for each in newer)
        own = faults_of_migration(thing, scope.db, shapes_count=shapes_count, rows_count=not newer)
        for fault in own:
            if not isinstance(fault, LeaseHeld):  # it is being run: another check's
                yield self._finding(thing, fault, scope)
        if not own:
            yield from self._blocked(thing, newer, scope)

    def _finding(self, migration: Migration, fault: ReversibleMigrationError, scope: Scope) -> Finding:
        run = next(iter(latest_runs(migration.app_label, migration.name, scope.alias)), None)
        says_when = (
            isinstance(fault, MissingJournal | JournalMismatch | RowsDoNotSuit)
            or run is None
            or run.finished_at is None
        )
        since = "" if says_when or run is None else f" since {run.finished_at:%Y-%m-%d}"
        say = (
            warning if isinstance(fault, JournalMismatch | RowsDoNotSuit) else info
        )  # a dropped journal is another check's error
        what = f"cannot be undone{since}: {_of_step(fault, migration)}{fault.what}"
        return say(str(migration), what, fault.todo, fault=type(fault).__name__)

    def _blocked(self, migration: Migration, newer: list[Migration], scope: Scope) -> Iterator[Finding]:
        stuck = next((each for each in newer if _is_stuck(each, scope)), None)
        if stuck is not None:
            yield info(
                str(migration),
                f"could be undone, but {stuck}, which has to be undone before it, cannot.",
                f"Undo what {migration} did by a new migration, or restore a backup.",
                blocked_by=str(stuck),
            )


def _is_stuck(migration: Migration, scope: Scope) -> bool:
    """Return whether ``migration`` cannot be undone, whatever the shape of its tables; found out once."""
    key = (migration.app_label, migration.name)
    if key not in scope.stuck:
        faults = faults_of_migration(migration, scope.db, shapes_count=False, rows_count=False)
        scope.stuck[key] = any(not isinstance(fault, LeaseHeld) for fault in faults)
    return scope.stuck[key]


def _undone_before(migration: Migration, scope: Scope) -> list[Migration]:
    graph, applied = scope.loader.graph, scope.loader.applied_migrations
    key = (migration.app_label, migration.name)
    return [graph.nodes[each] for each in graph.backwards_plan(key) if each != key and each in applied]


def _of_step(fault: ReversibleMigrationError, migration: Migration) -> str:
    """Return the step that a fault names behind its migration's name, or nothing."""
    step = fault.where.removeprefix(str(migration)).strip(", ")
    return f"{step}: " if step else ""
