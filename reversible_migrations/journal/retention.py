"""How long rollback data is kept, and its removal in small steps."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from ..databases.base import Database
from ..models import Event, JournalTable
from ..states import JournalState, RunStatus
from .recording import net_table


def purgeable(alias: str, older_than: timedelta) -> QuerySet[JournalTable]:
    """Return the journals of runs that finished, or were undone, longer ago than ``older_than``."""
    limit = Now() - older_than
    ended = Q(step__run__status__in=[RunStatus.DONE, RunStatus.UNDONE], step__run__finished_at__lt=limit)
    undoing = Q(step__run__undone_by__status__in=[RunStatus.RUNNING, RunStatus.INTERRUPTED, RunStatus.FAILED])
    journals = JournalTable.objects.using(alias).exclude(state=JournalState.PURGED).select_related("step__run")
    return journals.filter(ended).exclude(undoing).distinct()


def purge(db: Database, journals: QuerySet[JournalTable]) -> Iterator[JournalTable]:
    """Drop the tables of ``journals``, each in a transaction of its own, and yield each one that is gone."""
    for journal in journals:
        with transaction.atomic(using=db.alias):
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
