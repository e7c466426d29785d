"""The lease of a run while one long statement is at work, which has no time to renew it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError, connections

from ..conf import setting
from ..exceptions import LeaseLost
from . import lease
from .control import HEARTBEAT_SECONDS
from .run import ActiveRun


@contextmanager
def keeping_lease(run: ActiveRun) -> Iterator[None]:
    """
    Renew the lease of ``run`` from a thread, over a connection of its own, until the block ends.

    Where there is one writer at a time (SQLite) that would only be in the way.
    """
    if not run.db.has_parallel_writers:
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=_renew, args=(run, ended), daemon=True, name=f"lease of run {run.record.pk}")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _renew(run: ActiveRun, ended: threading.Event) -> None:
    try:
        while not ended.wait(min(HEARTBEAT_SECONDS, setting("LEASE_SECONDS") / 3)):
            with suppress(DatabaseError):  # the next one may come through; the lease lasts longer than one beat
                lease.check_token(run.record, run.alias)
    except LeaseLost:
        pass  # the statement's own note will find that out
    finally:
        connections[run.alias].close()
