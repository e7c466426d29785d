"""How long rollback data is kept, and its removal in small steps."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from ..databases import database
from ..databases.base import Database
from ..models import Event, JournalTable, Run
from ..runs.run import require_ledger
from ..states import JournalState, RunStatus
from .recording import net_table


def purgeable(alias: str, older_than: timedelta) -> QuerySet[JournalTable]:
    """Return the journals of runs that finished, or were undone, longer ago than ``older_than``."""
    limit = Now() - older_than
    ended = Q(step__run__status__in=[RunStatus.DONE, RunStatus.UNDONE], step__run__finished_at__lt=limit)
    undoing = Q(step__run__undone_by__status__in=[RunStatus.RUNNING, RunStatus.INTERRUPTED, RunStatus.FAILED])
    journals = JournalTable.objects.using(alias).exclude(state=JournalState.PURGED).select_related("step__run")
    return journals.filter(ended).exclude(undoing).distinct()


def purge_older(alias: str, older_than: timedelta, dry_run: bool = False) -> list[JournalTable]:
    """Drop what is purgeable, table by table, or with ``dry_run`` nothing; return the journals that it is."""
    db = database(alias)
    require_ledger(db, f"the rollback data of {alias!r}")
    journals = purgeable(alias, older_than).order_by("pk")
    return list(journals if dry_run else purge(db, journals))


def purge(db: Database, journals: QuerySet[JournalTable]) -> Iterator[JournalTable]:
    """
    Drop the tables of ``journals``, each in a transaction of its own, and yield each one that is gone.

    A run that has begun to be undone since it was found keeps its journals.
    """
    for journal in journals:
        with transaction.atomic(using=db.alias):
            run = Run.objects.using(db.alias).select_for_update().get(pk=journal.step.run_id)
            if run.status not in (RunStatus.DONE, RunStatus.UNDONE):
                continue
            db.drop_table(db.quote(journal.table_name))
            db.drop_table(db.quote(net_table(journal)))
            JournalTable.objects.using(db.alias).filter(pk=journal.pk).update(
                state=JournalState.PURGED, closed_at=Now()
            )
            Event.objects.using(db.alias).create(
                run_id=journal.step.run_id, at=Now(), kind="purged", text=f"Rollback data of {journal.target} purged.",
                facts={"rows": journal.rows},
            )  # fmt: skip
        yield journal
