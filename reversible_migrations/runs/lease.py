"""
The lease of a run: one executor at a time, proved by a token that every batch checks in its own
transaction.

No session lock is held, so transaction-pooling proxies work. A lease lasts ``LEASE_SECONDS`` past
its last heartbeat by the database's clock. Each worker holds its key range in the same way, and a
lease is taken over with all its ranges: while a batch is open its transaction has the range's row
locked, so nobody can take the lease over in the middle of one, unless its session stands still and
is ended first. An owner that is provably gone is followed at once.
"""

import os
import socket
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import psutil
from django.db import DatabaseError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from ..conf import setting
from ..databases.base import Database
from ..exceptions import LeaseHeld, LeaseLost
from ..models import Event, KeyRange, Run, Step
from ..states import IN_HAND, UNFINISHED, RunStatus, StepStatus


def this_process() -> dict[str, Any]:
    process = psutil.Process()
    return {"host": socket.gethostname(), "pid": process.pid, "process_started": process.create_time()}


def owner_in_words(owner: dict[str, Any]) -> str:
    return f"process {owner.get('pid', '?')} on {owner.get('host', '?')}"


def is_of_this_host(owner: dict[str, Any]) -> bool:
    return bool(owner.get("host") == socket.gethostname())


def process_is_gone(owner: dict[str, Any]) -> bool:
    """Return whether the owner is a process of this host that has ended."""
    if not is_of_this_host(owner):
        return False
    try:
        process = psutil.Process(owner["pid"])
        return process.create_time() != owner["process_started"] or process.status() == psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, KeyError):
        return True
    except psutil.AccessDenied:
        return False


def owner_is_gone(run: Run, database: Database) -> bool:
    """Return whether a run's owner is provably gone; never true for a run that nobody is running."""
    return bool(with_owner_gone([run], database))


def with_owner_gone(runs: Iterable[Run], database: Database) -> set[int]:
    """Return the keys of those of ``runs`` whose owner is provably gone, in one query."""
    gone, elsewhere = set(), []
    for run in runs:
        if process_is_gone(run.owner):
            gone.add(run.pk)
        elif run.owner.get("pid") != os.getpid():
            elsewhere.append(run)
    ended = database.sessions_gone([run.owner for run in elsewhere])
    return gone | {run.pk for run, has_ended in zip(elsewhere, ended, strict=True) if has_ended}


def is_expired(run: Run, alias: str) -> bool:
    return bool(expired([run], alias))


def expired(runs: Iterable[Run], alias: str) -> set[int]:
    """Return the keys of those of ``runs`` that have been silent past their lease, and so have all their ranges."""
    limit = Now() - timedelta(seconds=setting("LEASE_SECONDS"))
    alive = KeyRange.objects.using(alias).filter(step__run=OuterRef("pk"), heartbeat__gte=limit)
    silent = Run.objects.using(alias).filter(pk__in=[run.pk for run in runs], heartbeat__lt=limit)
    return set(silent.exclude(Exists(alive)).values_list("pk", flat=True))


def acquire(run: Run, database: Database) -> Run:
    """
    Make this process the owner of ``run`` and return the run as it is now.

    Raise ``LeaseHeld`` while another process runs it; nothing is changed then.
    """
    if not is_left(run, database):
        raise held(run)
    if is_expired(run, database.alias):
        for owner in [run.owner, *open_ranges(run, database.alias).values_list("owner", flat=True)]:
            database.end_stalled_session(owner, setting("LEASE_SECONDS"))
    # A session that was ended takes a moment to let go of its locks. Where a lock is waited for, once is enough.
    tries = 20 if database.connection.features.has_select_for_update_nowait else 1
    for _ in range(tries):
        if _take(run, database):
            break
        time.sleep(0.1)
    else:
        raise held(run)
    run.refresh_from_db(using=database.alias)
    return run


def _take(run: Run, database: Database) -> bool:
    before = run.owner
    owner = {**this_process(), **database.session()}
    runs = Run.objects.using(database.alias)
    try:
        with transaction.atomic(using=database.alias):
            nowait = database.connection.features.has_select_for_update_nowait
            runs.select_for_update(nowait=nowait).get(pk=run.pk)
            taken = runs.filter(pk=run.pk, token=run.token, status__in=UNFINISHED).update(
                token=F("token") + 1, owner=owner, heartbeat=Now(), status=RunStatus.RUNNING, error="", waiting=""
            )
            if taken:
                ranges = open_ranges(run, database.alias)
                list(ranges.select_for_update(nowait=nowait))
                ranges.update(token=F("token") + 1, owner={}, heartbeat=None)
                text = f"Taken over from {owner_in_words(before)}, which was {run.status}."
                events = Event.objects.using(database.alias)
                run.last_event = events.create(run_id=run.pk, at=Now(), kind="resumed", text=text).pk
    except DatabaseError as error:
        if not database.is_passing(error):
            raise
        return False
    if not taken:
        raise held(runs.get(pk=run.pk))
    return True


def held(run: Run) -> LeaseHeld:
    return LeaseHeld(
        run.title,
        f"is being run {run.direction} by {owner_in_words(run.owner)} (run {run.pk}, last heartbeat {run.heartbeat}).",
        todo="Wait for it, or set LEASE_WAIT_SECONDS to wait here; `manage.py migration_status` shows how far it is.",
        run=run.pk,
        owner=run.owner,
    )


def is_left(run: Run, database: Database) -> bool:
    """Return whether an open run is in nobody's hands: stopped, or its owner is gone or silent past its lease."""
    return run.pk in left([run], database)


def left(runs: Iterable[Run], database: Database) -> set[int]:
    """Return the keys of those of ``runs`` that are in nobody's hands, in two queries however many they are."""
    free, held = set(), []
    for run in runs:
        if run.status in IN_HAND and run.owner:
            held.append(run)
        else:
            free.add(run.pk)
    gone = with_owner_gone(held, database)
    unsure = [run for run in held if run.pk not in gone]
    return free | gone | (expired(unsure, database.alias) if unsure else set())


def open_ranges(run: Run, alias: str) -> Any:
    return KeyRange.objects.using(alias).filter(step__run=run, status=StepStatus.RUNNING)


def undo_unfinished(run: Run) -> LeaseHeld:
    return LeaseHeld(
        run.title,
        f"is half undone: run {run.pk} was stopped before it had undone all of it.",
        todo=f"Finish that with `manage.py safe_rollback {run.app} --run {run.pk}`, then run `migrate` again.",
        run=run.pk,
        owner=run.owner,
    )


def check_token(run: Run, alias: str) -> None:
    """
    Lock the run's row for this transaction and renew its heartbeat.

    Raise ``LeaseLost`` if another process has taken the run over: the transaction must end without writing.
    """
    if not Run.objects.using(alias).filter(pk=run.pk, token=run.token).update(heartbeat=Now()):
        raise lost(run, alias)


def renew(run: Run, alias: str) -> None:
    """Renew the heartbeats of the run and its ranges in hand while nothing is done; raise ``LeaseLost`` as above."""
    check_token(run, alias)
    open_ranges(run, alias).exclude(owner={}).update(heartbeat=Now())


def lost(run: Run, alias: str) -> LeaseLost:
    now = Run.objects.using(alias).filter(pk=run.pk).first()
    owner = owner_in_words(now.owner) if now else "nobody: the ledger no longer has it"
    return LeaseLost(
        run.title,
        f"run {run.pk} was taken over by {owner}, because this process had shown no sign of life.",
        standing="This process wrote nothing after that.",
        todo="The other one finishes the run; see `manage.py migration_status`.",
        run=run.pk,
    )


# The leases of key ranges


def claim_range(run: Run, step: Step, database: Database) -> KeyRange | None:
    """
    Return an unfinished range of ``step`` that is this worker's from now on, or None if none is free.

    Free is one that nobody has, or whose worker has been silent past its lease or is gone.
    """
    expired = Now() - timedelta(seconds=setting("LEASE_SECONDS"))
    ranges = KeyRange.objects.using(database.alias).filter(step=step, status=StepStatus.RUNNING)
    skips = database.connection.features.has_select_for_update_skip_locked
    with transaction.atomic(using=database.alias):
        check_token(run, database.alias)
        free = ranges.filter(Q(owner={}) | Q(heartbeat__lt=expired)).order_by("number")
        found: KeyRange | None = free.select_for_update(skip_locked=skips).first()
        if found is None:
            return None
        owner = {**this_process(), **database.session()}
        ranges.filter(pk=found.pk).update(token=F("token") + 1, owner=owner, heartbeat=Now())
    found.refresh_from_db(using=database.alias)
    return found


def hold_range(run: Run, place: KeyRange, alias: str) -> None:
    """
    Lock the range's row for this transaction and renew its heartbeat.

    Raise ``LeaseLost`` if the range has another worker: the transaction must end without writing.
    """
    if not KeyRange.objects.using(alias).filter(pk=place.pk, token=place.token).update(heartbeat=Now()):
        raise lost(run, alias)
