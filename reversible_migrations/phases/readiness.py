"""Whether migrations can be undone, found out before the first of them is touched."""

from collections.abc import Iterator, Sequence

from django.db import router
from django.db.migrations import Migration
from django.db.migrations.operations import RunPython, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation

from ..authoring.reversible import ReversibleMigration
from ..databases.base import Database
from ..exceptions import Irreversible, JournalMismatch, MissingJournal, ReversibleMigrationError, RowsDoNotSuit
from ..journal.restore import JOURNALLED, fault_of
from ..models import Run, Step
from ..operations.base import ReversibleOperation, flattened, runs_to_undo
from ..operations.retiring import Retiring
from ..overview import status_of
from ..runs.lease import held
from ..states import IN_HAND, Direction, Phase, StepStatus


def is_ours(migration: Migration) -> bool:
    """Return whether a migration is undone from the ledger, wholly or in part."""
    return isinstance(migration, ReversibleMigration) or any(
        isinstance(operation, ReversibleOperation) for operation in flattened(migration.operations)
    )


def faults_of_plan(
    migrations: Sequence[Migration], db: Database, to_phase: Phase | None = None
) -> list[ReversibleMigrationError]:
    """
    Return every reason why ``migrations``, undone in this order, could not all be undone.

    Of the last one only what is behind ``to_phase`` counts, if that is given. The shape of a table counts
    only until a migration of the plan changes tables: what is undone behind that one finds its tables in
    another shape than they are in now. What rows lack counts only for what is undone first, for the same reason.
    """
    found: list[ReversibleMigrationError] = []
    reshaped = False
    for migration in migrations:
        reshaped = reshaped or changes_tables(migration)
        behind = to_phase if migration is migrations[-1] else None
        is_first = migration is migrations[0]
        found += faults_of_migration(migration, db, shapes_count=not reshaped, rows_count=is_first, behind=behind)
    return found


def faults_of_migration(
    migration: Migration, db: Database, shapes_count: bool, rows_count: bool = True, behind: Phase | None = None
) -> list[ReversibleMigrationError]:
    """
    Return why ``migration`` by itself could not be undone.

    ``shapes_count``: its tables are to be as they were; ``rows_count``: their rows are those that undo will find.
    """
    found = list(_faults_of_code(migration))
    if is_ours(migration) and router.allow_migrate(db.alias, migration.app_label):
        found += _faults_of_runs(migration, db, behind, shapes_count, rows_count)
    return found


def changes_tables(migration: Migration) -> bool:
    """Return whether undoing an ordinary operation of ``migration`` may change the shape of a table."""
    return any(_reshapes(operation) for operation in flattened(migration.operations))


def _reshapes(operation: Operation) -> bool:
    if isinstance(operation, Retiring):
        return True
    return not isinstance(operation, ReversibleOperation | RunPython | SeparateDatabaseAndState)


def _faults_of_code(migration: Migration) -> Iterator[ReversibleMigrationError]:
    if isinstance(migration, ReversibleMigration):
        if migration.irreversible:
            yield Irreversible(
                str(migration),
                f"says that it is irreversible: {migration.irreversible}.",
                todo="Undo the migrations after it only, or restore a backup.",
            )
            return
        try:
            migration.refuse_what_cannot_be_undone()
        except Irreversible as fault:
            yield fault
        return
    for number, operation in enumerate(migration.operations, start=1):
        if not operation.reversible:
            yield Irreversible(
                str(migration),
                f"operation {number} ({operation.describe()}) has no reverse.",
                todo="Undo the migrations after it only, write its reverse, or restore a backup.",
                operation=number,
            )


def _faults_of_runs(
    migration: Migration, db: Database, behind: Phase | None, shapes_count: bool, rows_count: bool
) -> Iterator[ReversibleMigrationError]:
    try:
        runs = runs_to_undo(migration.app_label, migration.name, db.alias)
    except MissingJournal as fault:
        yield fault
        return
    for run in (run for run in runs if (run.phase or 0) > (behind or -1)):
        open_run = executing(run, db)
        if open_run is not None:
            yield held(open_run)
        for step in steps_to_restore(run, db.alias):
            missing = fault_of(run, step, db)
            is_known = isinstance(missing, MissingJournal)
            is_known = is_known or (isinstance(missing, JournalMismatch) and shapes_count)
            is_known = is_known or (isinstance(missing, RowsDoNotSuit) and rows_count)
            if missing is not None and is_known:
                yield missing
            rows_count = rows_count and step.kind not in JOURNALLED


def executing(run: Run, db: Database) -> Run | None:
    """Return the run, or the undo of it, that a live process is doing now."""
    undo = Run.objects.using(db.alias).filter(undoes=run, direction=Direction.BACKWARDS).order_by("-pk").first()
    for each in (run, undo):
        if each is not None and each.status in IN_HAND and each.owner and status_of(each, db) in IN_HAND:
            return each
    return None


def steps_to_restore(run: Run, alias: str) -> list[Step]:
    """Return the steps of a forward run that no undo has finished restoring."""
    restored = Step.objects.using(alias).filter(restores__run=run, status=StepStatus.DONE).values("restores")
    return list(run.steps.using(alias).exclude(pk__in=restored).order_by("-number"))
