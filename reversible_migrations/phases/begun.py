"""Migrations that the ledger knows as begun and Django does not know as applied."""

from django.db.migrations.loader import MigrationLoader

from ..models import Run
from ..states import UNFINISHED, Direction, RunStatus
from .plan import MigrationKey
from .readiness import is_ours


def begun_migrations(loader: MigrationLoader, alias: str) -> dict[MigrationKey, Run]:
    """
    Return the newest forward run of each migration that left something behind, by app and name.

    That is a run that was not finished, one whose undo was not finished, one of a phase behind which others are
    left, and one that was finished just before Django could record it.
    """
    newest: dict[tuple[str, str, int | None], Run] = {}
    for run in Run.objects.using(alias).filter(direction=Direction.FORWARDS).order_by("pk"):
        newest[(run.app, run.name, run.phase)] = run
    left = sorted((run for run in newest.values() if _left_something(run)), key=lambda run: run.pk)
    return {(run.app, run.name): run for run in left if _is_begun((run.app, run.name), loader)}


def _is_begun(key: MigrationKey, loader: MigrationLoader) -> bool:
    """Return whether ``key`` is a migration of ours that Django does not know as applied."""
    node = loader.graph.nodes.get(key)
    return node is not None and key not in loader.applied_migrations and is_ours(node)


def _left_something(run: Run) -> bool:
    if run.status == RunStatus.DONE:
        return not run.recorded  # recorded and no longer applied: unapplied by --fake, on purpose
    return run.status in (*UNFINISHED, RunStatus.UNDOING)
