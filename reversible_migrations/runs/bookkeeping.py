"""What is noted before and after ``migrate``, by Django's own signals."""

from typing import Any

from django.db.migrations.recorder import MigrationRecorder
from django.db.models.signals import post_migrate

from ..databases import database, is_served
from ..models import Run
from ..states import Direction, RunStatus
from .run import has_ledger


def connect(app_config: Any) -> None:
    post_migrate.connect(note_recorded, sender=app_config, dispatch_uid="reversible_migrations.note_recorded")


def note_recorded(using: str, **options: Any) -> None:
    """
    Note which finished runs Django has recorded as applied.

    Should such a migration be applied again, it was unapplied by ``--fake`` in between and is to run
    anew; without the note it is one that crashed between its last batch and Django's record.
    """
    if not is_served(using):
        return
    db = database(using)
    if not has_ledger(db):
        return
    finished = Run.objects.using(using).filter(direction=Direction.FORWARDS, status=RunStatus.DONE, recorded=False)
    runs = list(finished)
    if not runs:
        return
    applied = MigrationRecorder(db.connection).applied_migrations()
    known = [run.pk for run in runs if (run.app, run.name) in applied]
    Run.objects.using(using).filter(pk__in=known).update(recorded=True)
