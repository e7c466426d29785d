"""How long rollback data is kept, and its removal in small steps."""

import time
from collections.abc import Iterator
from datetime import timedelta

from django.db import DatabaseError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from ..conf import setting
from ..databases import database
from ..databases.base import Database
from ..exceptions import StepFailed
from ..models import Event, JournalTable, Run
from ..runs.patience import pause_after, timeout_of
from ..runs.run import require_ledger
from ..states import UNFINISHED, JournalKind, JournalState, RunStatus
from .recording import net_table
from .retired import title_of


def purgeable(alias: str, older_than: timedelta) -> QuerySet[JournalTable]:
    """Return the journals of runs that finished, or were undone, longer ago than ``older_than``."""
    limit = Now() - older_than
    ended = Q(step__run__status__in=[RunStatus.DONE, RunStatus.UNDONE], step__run__finished_at__lt=limit)
    undoing = Q(step__run__undone_by__status__in=UNFINISHED)
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

    A run that has begun to be undone since it was found keeps its journals. Raise ``StepFailed`` for a retired column
    or table that others still use or lock; those before it are gone.
    """
    for journal in journals:
        if _purged_patiently(db, journal):
            yield journal


def _purged_patiently(db: Database, journal: JournalTable) -> bool:
    """Drop one, asking for the lock of its table briefly, again and again."""
    tries = int(setting("LOCK_TRIES"))
    for number in range(1, tries + 1):
        try:
            with db.hurried(timeout_of(number)), transaction.atomic(using=db.alias):
                return _purged(db, journal)
        except DatabaseError as error:
            if journal.kind != JournalKind.RETIRED:
                raise
            if not db.is_lock_timeout(error) or number == tries:
                raise _still_used(db, journal, error) from None
            time.sleep(pause_after(number))
    return False


def _purged(db: Database, journal: JournalTable) -> bool:
    run = Run.objects.using(db.alias).select_for_update().get(pk=journal.step.run_id)
    if run.status not in (RunStatus.DONE, RunStatus.UNDONE):
        return False
    if journal.kind == JournalKind.RETIRED:
        db.drop_retired(journal.table_name)
    else:
        db.drop_table(db.quote(journal.table_name))
        db.drop_table(db.quote(net_table(journal)))
    JournalTable.objects.using(db.alias).filter(pk=journal.pk).update(state=JournalState.PURGED, closed_at=Now())
    Event.objects.using(db.alias).create(
        run_id=journal.step.run_id, at=Now(), kind="purged", text=f"Rollback data of {journal.target} purged.",
        facts={"rows": journal.rows},
    )  # fmt: skip
    return True


def _still_used(db: Database, journal: JournalTable, error: DatabaseError) -> StepFailed:
    place = db.retired_place(journal.table_name) or journal.target
    held = db.blockers(place) if db.is_lock_timeout(error) else ""
    return StepFailed(
        f"{title_of(journal)}, out of use as {journal.table_name}",
        f"cannot be dropped: {f'{held} held {place}' if held else db.describe(error)}.",
        standing="It is kept, with all it holds.",
        todo="End those sessions, or drop what depends on it (a view, a function), and purge again.",
    )
