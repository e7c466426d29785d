"""The runs of ordinary migrations: they lend them a lease and a history, and Django does and undoes the rest."""

from collections.abc import Callable

from django.db import DatabaseError
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

from ..conf import setting
from ..databases import database
from ..models import Run
from ..runs import lease
from ..runs.heartbeat import keeping_lease
from ..runs.patience import pause_after, timeout_of
from ..runs.run import ActiveRun, latest_runs, set_status
from ..states import UNFINISHED, Direction, RunStatus
from .plan import MigrationKey
from .readiness import is_ours


def close_applied(loader: MigrationLoader, alias: str) -> None:
    """End the runs of ordinary migrations whose process died between Django's record and its own."""
    db = database(alias)
    for run in Run.objects.using(alias).filter(direction=Direction.FORWARDS, status__in=UNFINISHED):
        key = run.app, run.name
        node = loader.graph.nodes.get(key)
        if key in loader.applied_migrations and node is not None and not is_ours(node) and lease.is_left(run, db):
            if run.status != RunStatus.RUNNING:
                set_status(run, RunStatus.RUNNING, alias)
            set_status(run, RunStatus.DONE, alias, "Django had recorded its migration.", recorded=True)


def close_undone(key: MigrationKey, alias: str) -> None:
    """End the runs of an ordinary migration that Django has undone."""
    for run in latest_runs(*key, alias):
        if run.status in (RunStatus.DONE, *UNFINISHED):
            set_status(run, RunStatus.UNDOING, alias, holds=None)
            set_status(run, RunStatus.UNDONE, alias, "Django undid its migration.")


def apply_patiently(run: ActiveRun, migration: Migration, apply: Callable[[], object]) -> None:
    """
    Apply an ordinary migration, with short timeouts for its locks, again and again until it has them.

    One that is not atomic may not be tried again: it waits for its locks as Django lets it. Both keep
    the lease meanwhile.
    """
    tries = int(setting("LOCK_TRIES")) if migration.atomic and run.db.has_lock_timeouts else 1
    for number in range(1, tries + 1):
        try:
            with keeping_lease(run), run.db.hurried(timeout_of(number) if tries > 1 else None):
                apply()
            run.resume()
            return
        except DatabaseError as error:
            if number == tries or not run.db.is_lock_timeout(error):
                raise
            run.wait("waiting for a lock that another session holds")
            run.control.wait(run, pause_after(number))
