"""What an operator can do to a run: the one library call behind ``control_migration`` and the page."""

from typing import Any

from django.db import connections, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.models.functions import Now

from ..authoring.reversible import ReversibleMigration
from ..conf import SETTINGS
from ..databases import database
from ..databases.base import Database
from ..exceptions import UnknownMigration, WishRefused
from ..journal.restore import fault_of as fault_of_journals
from ..load.options import fault_of, gauges_fault
from ..models import JournalTable, Run, Wish
from ..overview import require_tables
from ..runs import lease
from ..runs.run import set_status
from ..runs.wishes import Granted, make_wish, options_of, refused, wait_for
from ..states import UNFINISHED, Direction, RunStatus, StepStatus, WishAction
from .rollback import plan_rollback, roll_back


def ask(
    alias: str, number: int, action: WishAction, by: str, reason: str, settings: list[str], wait_seconds: float
) -> Granted:
    """
    Ask something of run ``number``, and wait a while for it to be heeded.

    ``settings`` are texts such as "batch_size=500". Raise ``UnknownMigration`` where there is no such run and
    ``WishRefused`` where the wish cannot be heeded; nothing is changed then.
    """
    db = database(alias)
    require_tables(db)
    run = Run.objects.using(alias).filter(pk=number).first()
    if run is None:
        raise UnknownMigration(f"run {number}", f"is not in the database {alias!r}.", "Nothing was changed.")
    options = options_of(settings)
    _refuse_options(options, db)
    if action == WishAction.RETRY and (run.status == RunStatus.DONE or _is_open_again(run, db)):
        return Granted(retry_finished(run, alias, by, reason), True, False, RunStatus.DONE)
    return wait_for(make_wish(alias, run, action, by, reason, options), alias, wait_seconds)


def _refuse_options(options: dict[str, Any], db: Database) -> None:
    for name, value in options.items():
        fault = fault_of(name, value) or (gauges_fault(db, value) if name == "LIMITS" else None)
        if fault:
            raise refused(name.lower(), f"cannot be that: {fault}.", f"It is: {SETTINGS[name].meaning}.")


def _is_open_again(run: Run, db: Database) -> bool:
    """Return whether a finished run was opened for its rows set aside, and that was interrupted."""
    return run.recorded and run.status in UNFINISHED and lease.is_left(run, db)


def undo_cancelled(granted: Granted, alias: str, stdout: Any = None) -> None:
    """
    Undo what a cancelled run has done.

    Raise ``WishRefused`` while it still works, and ``RollbackRefused`` where it cannot be undone.
    """
    run = Run.objects.using(alias).get(pk=granted.wish.run_id)
    if not granted.is_heeded:
        raise WishRefused(
            f"run {run.pk} of {run.title}",
            "has not stopped yet.",
            "It is cancelled after the batch in hand; nothing was undone.",
            f"Undo it then with `manage.py safe_rollback {run.app} --run {run.pk}`.",
        )
    plan = plan_rollback(alias, run.app, run=run.undoes_id or run.pk)
    roll_back(plan, verbosity=0 if stdout is None else 1, stdout=stdout)


def retry_finished(run: Run, alias: str, by: str, reason: str) -> Wish:
    """
    Try the rows once more that a finished run had set aside; return the wish, heeded.

    The migration's code runs again: finished steps are passed over, those with rows aside take them up.
    Interrupted, it goes on when it is asked for again.
    """
    loader = MigrationLoader(connections[alias])
    migration = loader.graph.nodes.get((run.app, run.name))
    steps = run.steps.using(alias).filter(rows_failed__gt=0)
    where = f"run {run.pk} of {run.title}"
    if not steps.exists():
        raise WishRefused(where, "has no rows set aside.", "Nothing was changed.")
    if not isinstance(migration, ReversibleMigration) or run.direction != Direction.FORWARDS:
        raise WishRefused(
            where,
            "is not a run of a migration that can be gone on with.",
            "Nothing was changed.",
            "Base the migration on ReversibleDataPatch or ReversibleMigration.",
        )
    for step in steps:
        fault = fault_of_journals(run, step, database(alias))
        if fault is not None:
            raise fault
    with transaction.atomic(using=alias):
        wish = Wish.objects.using(alias).create(
            run=run, action=WishAction.RETRY, by=by, reason=reason, at=Now(), heeded_at=Now()
        )
        JournalTable.objects.using(alias).filter(step__in=steps).update(rows=0)  # they are counted anew
        steps.update(status=StepStatus.RUNNING)
        if run.status == RunStatus.DONE:
            text = f"Opened again for its rows set aside, by {by}."
            set_status(run, RunStatus.INTERRUPTED, alias, text, holds=run.migration, finished_at=None)
    state = loader.project_state((run.app, run.name), at_end=False)
    with connections[alias].schema_editor(atomic=migration.atomic) as editor:
        for part in migration.parts():
            if part.phase == run.phase:
                migration.apply_part(part, state, editor)
                break
            state = migration.state_behind(part, state)
    wish.refresh_from_db(using=alias)
    return wish
