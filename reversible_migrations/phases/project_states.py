"""The project's models as a database has them, with what migrations have done that are still between two phases."""

from typing import Any

from django.db.migrations.loader import MigrationLoader

from ..authoring.zero_downtime import ZeroDowntimeMigration
from ..databases import database
from ..models import Run
from ..runs.run import has_ledger
from ..states import Direction, Phase, RunStatus
from .plan import MigrationKey


def phases_done(loader: MigrationLoader, alias: str) -> dict[MigrationKey, set[Phase]]:
    """Return the phases that are done of each migration in phases that Django does not know as applied."""
    found: dict[MigrationKey, set[Phase]] = {}
    if not has_ledger(database(alias)):
        return found
    runs = Run.objects.using(alias).filter(direction=Direction.FORWARDS, phase__isnull=False).order_by("pk")
    for run in runs:
        key = run.app, run.name
        if key in loader.applied_migrations or not isinstance(loader.graph.nodes.get(key), ZeroDowntimeMigration):
            continue
        done, phase = found.setdefault(key, set()), Phase(run.phase or 0)
        # One that Django had recorded was unapplied by --fake since: it is to run anew.
        is_done = run.status == RunStatus.DONE and not run.recorded
        done.add(phase) if is_done else done.discard(phase)
    return {key: done for key, done in found.items() if done}


def add_partial(state: Any, loader: MigrationLoader, alias: str, without: MigrationKey | None = None) -> Any:
    """Bring ``state`` behind the phases that are done of unfinished migrations, but for those of ``without``."""
    for key, done in phases_done(loader, alias).items():
        migration = loader.graph.nodes[key]
        for part in migration.parts() if key != without else ():
            if part.phase in done:
                migration.state_behind(part, state)
    return state


def state_without(loader: MigrationLoader, alias: str, key: MigrationKey) -> Any:
    """Return the state before the migration ``key``, with everything else that the database has."""
    applied = [each for each in loader.applied_migrations if each in loader.graph.nodes and each != key]
    return add_partial(loader.project_state(applied), loader, alias, without=key)
