"""
What speaks against an undo just now, though it is possible: long transactions in its way, too little room.

These are reasons to wait. ``safe_rollback --emergency`` does not.
"""

from collections.abc import Iterable, Sequence
from shutil import disk_usage
from typing import Any

from django.db.migrations import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.models import RemoveConstraint

from ..authoring.schema import SchemaMigration
from ..databases.base import Database
from ..exceptions import NotNow, ReversibleMigrationError
from ..load.estimates import size
from ..models import JournalTable, Step
from ..operations.lossy_changes import may_lose
from ..states import JournalState

LONG_SECONDS = 60.0  # that another transaction has been open: it will hardly end in the next second
SOON_DONE_ROWS = 10_000  # a table of so many is rewritten before anybody notices
ROOM = 2.0  # times the rollback data: restored rows are written anew, and so is their log


def reasons_to_wait(
    steps: Sequence[Step], db: Database, long_seconds: float = LONG_SECONDS
) -> list[ReversibleMigrationError]:
    """Return what speaks against restoring ``steps`` at this moment."""
    journals = JournalTable.objects.using(db.alias).filter(step__in=[step.pk for step in steps])
    kept = list(journals.exclude(state=JournalState.PURGED))
    found = [*_long_transactions(sorted({journal.target for journal in kept}), db, long_seconds)]
    lacking = _too_little_room(sum(journal.bytes or 0 for journal in kept), db)
    return [*found, lacking] if lacking is not None else found


def _long_transactions(tables: Sequence[str], db: Database, seconds: float) -> list[ReversibleMigrationError]:
    return [
        NotNow(
            table,
            f"is used by {who}, and the undo would wait for it.",
            standing="Nothing was undone.",
            todo="Let it end, or end it; --emergency does not look at this.",
        )
        for table, who in db.long_transactions(tables, seconds)
    ]


def blocking_undos(migrations: Iterable[tuple[Migration, Any]], db: Database) -> list[ReversibleMigrationError]:
    """Return which changes of large tables cannot be undone online; each migration comes with the state before it."""
    found: list[ReversibleMigrationError] = []
    for migration, state in migrations:
        if not isinstance(migration, SchemaMigration) or migration.blocking:
            continue
        for operation in migration.operations:
            after = state.clone()
            operation.state_forwards(migration.app_label, after)
            is_gone = isinstance(operation, RemoveConstraint)  # it is built again
            if is_gone or may_lose(db.alias, operation, migration.app_label, after, state):
                found += _blocking_undo(migration, operation, after, state, db)
            state = after
    return found


def _blocking_undo(
    migration: SchemaMigration, operation: Operation, after: Any, before: Any, db: Database
) -> list[ReversibleMigrationError]:
    model = before.apps.get_model(migration.app_label, getattr(operation, "model_name", ""))
    rows = db.estimated_rows(db.quote(model._meta.db_table))
    plan = db.plan_schema_change(operation, migration.app_label, after, before, True) if rows > SOON_DONE_ROWS else None
    return [
        NotNow(
            str(migration),
            f'undoing "{operation.describe()}" {fault}, which has about {rows:,} rows.',
            standing="Nothing was undone.",
            todo="Undo it in a time of maintenance, or at once with --emergency.",
        )
        for fault in (plan.faults if plan is not None else ())
    ]


def _too_little_room(needed: int, db: Database) -> ReversibleMigrationError | None:
    folder = db.data_directory()
    free = None if folder is None else disk_usage(folder).free
    if free is None or free > needed * ROOM:
        return None
    return NotNow(
        f"database {db.alias!r}",
        f"has {size(free)} free where it keeps its data; restoring {size(needed)} of rollback data may take "
        f"{ROOM:.0f} times that.",
        standing="Nothing was undone.",
        todo="Make room; --emergency does not look at this.",
    )
