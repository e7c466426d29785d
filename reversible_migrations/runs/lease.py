"""
The lease of a run: one executor at a time, proved by a token that every batch checks in its own
transaction.

No session lock is held, so transaction-pooling proxies work. A lease lasts ``LEASE_SECONDS`` past
its last heartbeat by the database's clock. While a batch is open its transaction has the run's row
locked: nobody can take the lease over in the middle of one, unless its session stands still and is
ended first. An owner that is provably gone is followed at once.
"""

import os
import socket
import time
from datetime import timedelta
from typing import Any

import psutil
from django.db import DatabaseError, transaction
from django.db.models import F
from django.db.models.functions import Now

from ..conf import setting
from ..databases.base import Database
from ..exceptions import LeaseHeld, LeaseLost
from ..models import Event, Run
from ..states import UNFINISHED, RunStatus


def this_process() -> dict[str, Any]:
    process = psutil.Process()
    return {"host": socket.gethostname(), "pid": process.pid, "process_started": process.create_time()}


def owner_in_words(owner: dict[str, Any]) -> str:
    return f"process {owner.get('pid', '?')} on {owner.get('host', '?')}"


def process_is_gone(owner: dict[str, Any]) -> bool:
    """Return whether the owner is a process of this host that has ended."""
    if owner.get("host") != socket.gethostname():
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
    if run.owner.get("pid") == os.getpid() and not process_is_gone(run.owner):
        return False
    return process_is_gone(run.owner) or database.session_is_gone(run.owner)


def is_expired(run: Run, alias: str) -> bool:
    limit = Now() - timedelta(seconds=setting("LEASE_SECONDS"))
    return Run.objects.using(alias).filter(pk=run.pk, heartbeat__lt=limit).exists()


def acquire(run: Run, database: Database) -> Run:
    """
    Make this process the owner of ``run`` and return the run as it is now.

    Raise ``LeaseHeld`` while another process runs it; nothing is changed then.
    """
    stalled = is_expired(run, database.alias)
    if run.status == RunStatus.RUNNING and not stalled and not owner_is_gone(run, database):
        raise held(run)
    if stalled:
        database.end_stalled_session(run.owner, setting("LEASE_SECONDS"))
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
            runs.select_for_update(nowait=database.connection.features.has_select_for_update_nowait).get(pk=run.pk)
            taken = runs.filter(pk=run.pk, token=run.token, status__in=UNFINISHED).update(
                token=F("token") + 1, owner=owner, heartbeat=Now(), status=RunStatus.RUNNING, error=""
            )
            if taken:
                Event.objects.using(database.alias).create(
                    run_id=run.pk,
                    at=Now(),
                    kind="resumed",
                    text=f"Taken over from {owner_in_words(before)}, which was {run.status}.",
                )
    except DatabaseError as error:
        if not database.is_passing(error):
            raise
        return False
    if not taken:
        raise held(runs.get(pk=run.pk))
    return True


def held(run: Run) -> LeaseHeld:
    return LeaseHeld(
        run.migration,
        f"is being run {run.direction} by {owner_in_words(run.owner)} (run {run.pk}, last heartbeat {run.heartbeat}).",
        todo="Wait for it, or set LEASE_WAIT_SECONDS to wait here; `manage.py migration_status` shows how far it is.",
        run=run.pk,
        owner=run.owner,
    )


def is_left(run: Run, database: Database) -> bool:
    """Return whether an open run is in nobody's hands: stopped, or its owner is gone or silent past its lease."""
    return run.status != RunStatus.RUNNING or owner_is_gone(run, database) or is_expired(run, database.alias)


def undo_unfinished(run: Run) -> LeaseHeld:
    return LeaseHeld(
        run.migration,
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
    renewed = Run.objects.using(alias).filter(pk=run.pk, token=run.token).update(heartbeat=Now())
    if renewed:
        return
    now = Run.objects.using(alias).filter(pk=run.pk).first()
    owner = owner_in_words(now.owner) if now else "nobody: the ledger no longer has it"
    raise LeaseLost(
        run.migration,
        f"run {run.pk} was taken over by {owner}, because this process had shown no sign of life.",
        standing="This process wrote nothing after that.",
        todo="The other one finishes the run; see `manage.py migration_status`.",
        run=run.pk,
    )
