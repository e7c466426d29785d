"""Whether migrations can be undone, found out before the first of them is touched."""

from collections.abc import Iterator, Sequence

from django.db import router
from django.db.migrations import Migration
from django.db.migrations.operations import RunPython, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation

from ..authoring.reversible import ReversibleMigration
from ..databases.base import Database
from ..exceptions import Irreversible, JournalMismatch, MissingJournal, ReversibleMigrationError
from ..journal.restore import fault_of
from ..models import Run, Step
from ..operations.base import ReversibleOperation, flattened, run_to_undo
from ..overview import status_of
from ..runs.lease import held
from ..states import Direction, RunStatus, StepStatus


def is_ours(migration: Migration) -> bool:
    """Return whether a migration is undone from the ledger, wholly or in part."""
    return isinstance(migration, ReversibleMigration) or any(
        isinstance(operation, ReversibleOperation) for operation in flattened(migration.operations)
    )


def faults_of_plan(migrations: Sequence[Migration], db: Database) -> list[ReversibleMigrationError]:
    """
    Return every reason why ``migrations``, undone in this order, could not all be undone.

    The shape of a table counts only until a migration of the plan changes tables: what is undone
    behind that one finds its tables in another shape than they are in now.
    """
    found: list[ReversibleMigrationError] = []
    reshaped = False
    for migration in migrations:
        found += _faults_of_code(migration)
        reshaped = reshaped or changes_tables(migration)
        if is_ours(migration) and router.allow_migrate(db.alias, migration.app_label):
            found += _faults_of_run(migration, db, shapes_count=not reshaped)
    return found


def changes_tables(migration: Migration) -> bool:
    """Return whether undoing an ordinary operation of ``migration`` may change the shape of a table."""
    return any(_reshapes(operation) for operation in flattened(migration.operations))


def _reshapes(operation: Operation) -> bool:
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


def _faults_of_run(migration: Migration, db: Database, shapes_count: bool) -> Iterator[ReversibleMigrationError]:
    try:
        run = run_to_undo(migration.app_label, migration.name, db.alias)
    except MissingJournal as fault:
        yield fault
        return
    if run is None:
        return  # undone already; Django had no time to note it
    open_run = executing(run, db)
    if open_run is not None:
        yield held(open_run)
    for step in steps_to_restore(run, db.alias):
        missing = fault_of(run, step, db)
        if missing is not None and (shapes_count or not isinstance(missing, JournalMismatch)):
            yield missing


def executing(run: Run, db: Database) -> Run | None:
    """Return the run, or the undo of it, that a live process is doing now."""
    undo = Run.objects.using(db.alias).filter(undoes=run, direction=Direction.BACKWARDS).order_by("-pk").first()
    for each in (run, undo):
        if each is not None and each.status == RunStatus.RUNNING and status_of(each, db) == RunStatus.RUNNING:
            return each
    return None


def steps_to_restore(run: Run, alias: str) -> list[Step]:
    """Return the steps of a forward run that no undo has finished restoring."""
    restored = Step.objects.using(alias).filter(restores__run=run, status=StepStatus.DONE).values("restores")
    return list(run.steps.using(alias).exclude(pk__in=restored).order_by("-number"))
