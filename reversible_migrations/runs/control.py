"""
What is asked of a run while it works: wishes of operators, through the ledger, and signals to its process.

Both are looked at between two batches, by whichever worker comes by. A pause holds every worker of
the run; its process stays, keeps the lease, and goes on when it is resumed.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from django.db.models.functions import Now

from .. import signals
from ..conf import setting
from ..exceptions import Cancelled, Stopped
from ..models import Wish
from ..states import RunStatus, WishAction
from . import lease

if TYPE_CHECKING:
    from .run import ActiveRun

POLL_SECONDS = 1.0
NAP_SECONDS = 0.25  # of a wait, until a wish or a signal is looked for again
HEARTBEAT_SECONDS = 5.0  # at most; a shorter lease has three of them


class Control:
    """
    The wishes and signals for one run in this process; all its workers share it.

    ``options`` are the settings that operators changed while it ran, by name.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.clock = clock
        self.turn = threading.RLock()  # one worker at a time looks, and waits for all
        self.signal: int | None = None
        self.failed = False  # whether another worker of this process ended with an error
        self.options: dict[str, Any] = {}
        self.wants_retry = False
        self.polled = -POLL_SECONDS
        self.beat = clock()
        self.pause: Wish | None = None
        self.paused_seconds = 0.0  # in which operators held the run
        self.said: set[str] = set()

    def heed(self, run: "ActiveRun") -> None:
        """
        Return at once if nothing is asked; wait while an operator wishes a pause.

        Raise ``Stopped`` after a signal and ``Cancelled`` by an operator's wish; ``WorkerStopped``
        where another worker has failed. Nothing may be open when it is called.
        """
        if not self._is_due():
            return
        with self.turn:
            self._look(run)
            if self.pause is not None:
                self._wait_for_resume(run)

    def wait(self, run: "ActiveRun", seconds: float) -> None:
        """Wait, with the lease kept, as long as nothing else is asked; changed settings end it."""
        until, options = self.clock() + seconds, self.options
        while self.options is options and (left := until - self.clock()) > 0:
            time.sleep(min(left, NAP_SECONDS))
            self.heed(run)
            self._keep_lease(run)

    def takes_retry(self) -> bool:
        """Return whether the rows that were set aside are to be tried again, and forget it."""
        wanted, self.wants_retry = self.wants_retry, False
        return wanted

    def say_once(self, run: "ActiveRun", text: str) -> None:
        """Note something about the run that is worth one line, however often it is met."""
        if text not in self.said:
            self.said.add(text)
            run.event("note", text)
            signals.tell(signals.noted, run=run.record, using=run.alias, text=text)

    def nap(self, seconds: float) -> None:
        """Wait without a look at the database, which may not answer; a signal ends it."""
        until = self.clock() + seconds
        while self.signal is None and not self.failed and (left := until - self.clock()) > 0:
            time.sleep(min(left, NAP_SECONDS))

    def _is_due(self) -> bool:
        return self.signal is not None or self.failed or self.clock() - self.polled >= POLL_SECONDS

    def _look(self, run: "ActiveRun") -> None:
        if self.failed:
            raise WorkerStopped
        if self.signal is not None:
            raise stopped(run, self.signal)
        if self.clock() - self.polled >= POLL_SECONDS:
            self.polled = self.clock()
            self._heed_wishes(run)

    def _heed_wishes(self, run: "ActiveRun") -> None:
        new = Wish.objects.using(run.alias).filter(run_id=run.record.pk, heeded_at=None)
        for wish in new:
            self._take_up(run, wish)
            new.filter(pk=wish.pk).update(heeded_at=Now())
            run.event("heeded", str(wish), wish=wish.pk)
            if wish.action == WishAction.CANCEL:
                raise cancelled(run, wish)

    def _take_up(self, run: "ActiveRun", wish: Wish) -> None:
        if wish.action == WishAction.SET:
            self._change(wish.options)
        elif wish.action == WishAction.RETRY:
            self.wants_retry = True
        elif wish.action == WishAction.PAUSE:
            self.pause = wish
            run.pause(paused_by(wish))
        elif wish.action == WishAction.RESUME:
            self.pause = None
            run.resume()

    def _change(self, options: dict[str, Any]) -> None:
        limits = {**self.options.get("LIMITS", {}), **options.get("LIMITS", {})}
        self.options = {**self.options, **options, **({"LIMITS": limits} if limits else {})}

    def _wait_for_resume(self, run: "ActiveRun") -> None:
        while self.pause is not None:
            time.sleep(NAP_SECONDS)
            self.paused_seconds += NAP_SECONDS
            self._keep_lease(run)
            self._look(run)

    def _keep_lease(self, run: "ActiveRun") -> None:
        if self.clock() - self.beat >= min(HEARTBEAT_SECONDS, setting("LEASE_SECONDS") / 3):
            self.beat = self.clock()
            lease.renew(run.record, run.alias)

    def recall(self, run: "ActiveRun") -> None:
        """Take up what was changed, in an earlier process, of a run that is gone on with; older pauses are over."""
        for wish in Wish.objects.using(run.alias).filter(run_id=run.record.pk, action=WishAction.SET):
            self._change(wish.options)
        Wish.objects.using(run.alias).filter(run_id=run.record.pk, heeded_at=None).exclude(
            action=WishAction.SET
        ).update(heeded_at=Now())

    # Signals

    @contextmanager
    def noting_signals(self) -> Iterator[None]:
        """
        Let SIGINT and SIGTERM wait for the end of the batch in hand; a second one ends the process at once.

        One that comes behind the last batch is raised at the end: nothing else is to begin. Signals reach
        the main thread only; in any other nothing is changed.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        is_second, self.signal = self.signal is not None, number
        if is_second:
            raise KeyboardInterrupt  # which psycopg takes as a reason to cancel its statement
        # Not by print(): the signal may have come in the middle of one.
        os.write(2, b"\nFinishing the batch in hand; once more ends it at once.\n")


class WorkerStopped(Exception):
    """Ends a worker because another one failed, whose error is the one to show."""


def in_words(wish: Wish) -> str:
    return f"{wish.by or 'somebody'}: {wish.reason}" if wish.reason else wish.by or "somebody"


def paused_by(wish: Wish) -> str:
    return f"paused by {in_words(wish)}"


def stopped(run: "ActiveRun", number: int) -> Stopped:
    if run.record.status == RunStatus.DONE:
        return Stopped(
            str(run),
            f"was stopped by {signal.Signals(number).name} behind its last batch.",
            standing="All of it is done and recorded; nothing else was begun.",
            todo="Run the same command again: it lets Django note that, and goes on with what comes next.",
            signal=number,
        )
    return Stopped(
        str(run),
        f"was stopped by {signal.Signals(number).name}.",
        standing="The batch in hand was finished; what is committed is recorded.",
        todo=way_on(run),
        signal=number,
    )


def cancelled(run: "ActiveRun", wish: Wish) -> Cancelled:
    return Cancelled(
        str(run),
        f"was cancelled by {in_words(wish)}.",
        standing="What is committed is recorded, and nothing more was run.",
        todo=way_on(run),
    )


def way_on(run: "ActiveRun") -> str:
    """Return what to type to go on, or back."""
    undo = f"`manage.py safe_rollback {run.record.app} --run {run.record.undoes_id or run.record.pk}`"
    if run.is_undo:
        return f"Go on with the same command, or with {undo}."
    return f"Run `{run.record.command}` to go on from there, or undo with {undo}."
