"""
The eye that a migrating process keeps on its own runs: a thread that looks every 30 seconds, and when one ends badly.

It has a connection of its own for the time of a look, and none in between. A process that dies tells nothing more:
for that there is ``manage.py watch_runs``.
"""

import atexit
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connections

from .. import signals
from ..databases import database, is_served
from ..models import Run, Step
from ..states import RunStatus

LOOK_SECONDS = 30.0
PATIENCE_SECONDS = 20.0  # at most, that the end of a bad run waits for its alerts; longer than outlets have
BAD_ENDS = (RunStatus.FAILED, RunStatus.INTERRUPTED)

logger = logging.getLogger("reversible_migrations")

Look = Callable[[str, Sequence[int]], object]
Place = tuple[str, int]  # an alias, and a run there


def look_at(alias: str, runs: Sequence[int]) -> object:
    from .watching import watch  # what it imports, mail and HTTP, is not for every process that starts

    return watch(alias, runs)


class Monitor:
    """
    Listens to the engine, which it never keeps waiting; only the end of a run that failed waits for the thread.

    ``is_off``: it looks at nothing. For tests, whose tables come and go.
    """

    is_off = False

    def __init__(
        self,
        look: Look = look_at,
        every_seconds: float = LOOK_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.look, self.clock = look, clock
        self.every_seconds, self.patience_seconds = every_seconds, patience_seconds
        self.turn = threading.Condition()
        self.begun: dict[Place, float] = {}
        self.noted: set[Place] = set()  # runs with rows that failed, or were changed since
        self.asked: list[Place] = []
        self.is_busy = False
        self.problem = ""
        self.thread: threading.Thread | None = None

    # What the engine tells

    def run_started(self, run: Run, using: str, **facts: Any) -> None:
        if self.is_off or not _can_be_watched(using):
            return
        with self.turn:
            self.begun[using, run.pk] = self.clock()
            if self.thread is None or not self.thread.is_alive():  # it does not survive a fork
                self.thread = threading.Thread(target=self._work, daemon=True, name="alerts of migrations")
                self.thread.start()

    def step_finished(self, run: Run, step: Step, using: str, **facts: Any) -> None:
        if step.rows_failed or step.rows_conflicting:
            self.noted.add((using, run.pk))

    def run_finished(self, run: Run, using: str, status: str, **facts: Any) -> None:
        place = (using, run.pk)
        begun = self.begun.pop(place, None)
        is_noted = place in self.noted
        self.noted.discard(place)
        if begun is None:
            return
        was_told = run.token > 1 or self.clock() - begun >= self.every_seconds
        if status in BAD_ENDS or is_noted or was_told or run.undoes_id is not None:
            self._ask([place, *([(using, run.undoes_id)] if run.undoes_id is not None else [])])
        if status in BAD_ENDS:
            self.wait(self.patience_seconds)

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is left to be looked at; return whether that is so."""
        with self.turn:
            return self.turn.wait_for(lambda: not self.asked and not self.is_busy, seconds)

    def at_exit(self) -> None:
        if self.thread is not None and self.thread.is_alive():
            self.wait(self.patience_seconds)

    # The thread

    def _ask(self, places: Sequence[Place]) -> None:
        with self.turn:
            self.asked += places
            self.turn.notify_all()

    def _work(self) -> None:
        while True:
            with self.turn:
                self.turn.wait_for(lambda: bool(self.asked), self.every_seconds)
                places, self.asked = self.asked or list(self.begun), []
                self.is_busy = bool(places)
            for alias, run in places:
                self._look(alias, run)
            with self.turn:
                self.is_busy = False
                self.turn.notify_all()

    def _look(self, alias: str, run: int) -> None:
        try:
            self.look(alias, [run])
            self.problem = ""
        except Exception as error:
            if self.problem != type(error).__name__:  # a line for each kind of trouble, not one every 30 seconds
                self.problem = type(error).__name__
                logger.warning("Run %d could not be looked at for alerts: %s. The run goes on.", run, self.problem)
        finally:
            for connection in connections.all(initialized_only=True):
                connection.close()


def _can_be_watched(alias: str) -> bool:
    """Return whether another connection sees the runs of this one: not in a transaction, as in tests, nor in memory."""
    connection = connections[alias]
    return is_served(alias) and not connection.in_atomic_block and not database(alias).is_private_to_connection


MONITOR = Monitor()
NAME = "reversible_migrations.monitor"


def connect(app_config: Any = None) -> None:
    signals.run_started.connect(MONITOR.run_started, dispatch_uid=NAME)
    signals.run_finished.connect(MONITOR.run_finished, dispatch_uid=NAME)
    signals.step_finished.connect(MONITOR.step_finished, dispatch_uid=NAME)
    atexit.register(MONITOR.at_exit)
