"""Migrations that the ledger knows as begun and Django does not know as applied."""

from django.db.migrations.loader import MigrationLoader

from ..models import Run
from ..states import UNFINISHED, Direction, RunStatus

MigrationKey = tuple[str, str]


def begun_migrations(loader: MigrationLoader, alias: str) -> dict[MigrationKey, Run]:
    """
    Return the newest forward run of each migration that left something behind, by app and name.

    That is a run that was not finished, one whose undo was not finished, and one that was finished
    just before Django could record it.
    """
    newest: dict[MigrationKey, Run] = {}
    for run in Run.objects.using(alias).filter(direction=Direction.FORWARDS).order_by("pk"):
        newest[(run.app, run.name)] = run
    return {
        key: run
        for key, run in newest.items()
        if key in loader.graph.nodes and key not in loader.applied_migrations and _left_something(run)
    }


def _left_something(run: Run) -> bool:
    if run.status == RunStatus.DONE:
        return not run.recorded  # recorded and no longer applied: unapplied by --fake, on purpose
    return run.status in (*UNFINISHED, RunStatus.UNDOING)
