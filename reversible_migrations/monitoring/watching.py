"""What those who follow runs in this process have in common: they listen, and a failure of theirs ends it."""

import logging
import sys
from collections.abc import Callable
from typing import Any, Protocol

from .. import signals
from ..exceptions import Cancelled, OutsideWindow, Stopped
from ..models import Run, Step
from ..states import RunStatus

NO_FAILURE = (Stopped, OutsideWindow, Cancelled)  # somebody wanted it

# Not imported from there: it names classes of all layers.
VERSION = str(sys.modules["reversible_migrations"].__version__)

logger = logging.getLogger("reversible_migrations")


class WatchedRun(Protocol):
    """One run of this process. What its methods raise ends the watching of that run, and nothing else."""

    def begin(self) -> None: ...

    def step_started(self, step: Step) -> None: ...

    def step_progressed(self, step: Step, batch_size: int | None) -> None: ...

    def step_finished(self, step: Step) -> None: ...

    def waits(self, seconds: float) -> None: ...

    def end(self, status: str, error: BaseException | None) -> None:
        """Note the end; ``error`` is what it failed with, None if it did not fail."""

    def abandon(self) -> None:
        """Let go of what was begun, after a failure."""


class Watcher:
    """
    Tells of the engine's signals to a ``WatchedRun`` for each run.

    ``watched`` returns that of a run, or None where it is not to be watched. ``name`` is whom the one log line
    is about that a failure leaves.
    """

    name = ""

    def __init__(self) -> None:
        self.runs: dict[tuple[str, int], WatchedRun] = {}

    def watched(self, run: Run, using: str) -> WatchedRun | None:
        raise NotImplementedError

    def connect(self) -> None:
        uid = f"reversible_migrations.{self.name}"
        signals.run_started.connect(self.run_started, dispatch_uid=uid)
        signals.run_finished.connect(self.run_finished, dispatch_uid=uid)
        signals.step_started.connect(self.step_started, dispatch_uid=uid)
        signals.step_progressed.connect(self.step_progressed, dispatch_uid=uid)
        signals.step_finished.connect(self.step_finished, dispatch_uid=uid)
        signals.waiting.connect(self.waiting, dispatch_uid=uid)

    def run_started(self, run: Run, using: str, **facts: Any) -> None:
        try:
            watched = self.watched(run, using)
        except Exception as error:
            self._say(run, error)
            return
        if watched is not None:
            self.runs[using, run.pk] = watched
            self._tell(run, using, lambda known: known.begin())

    def run_finished(self, run: Run, using: str, status: str, **facts: Any) -> None:
        error = sys.exception()  # the signal is sent while it is raised
        is_wanted = status in (RunStatus.DONE, RunStatus.UNDONE) or not isinstance(error, Exception)
        failure = None if is_wanted or isinstance(error, NO_FAILURE) else error
        self._tell(run, using, lambda known: known.end(status, failure))
        self.runs.pop((using, run.pk), None)

    def step_started(self, run: Run, step: Step, using: str, **facts: Any) -> None:
        self._tell(run, using, lambda known: known.step_started(step))

    def step_progressed(
        self, run: Run, step: Step, using: str, pace: dict[str, Any] | None = None, **facts: Any
    ) -> None:
        self._tell(run, using, lambda known: known.step_progressed(step, (pace or {}).get("batch_size")))

    def step_finished(self, run: Run, step: Step, using: str, **facts: Any) -> None:
        self._tell(run, using, lambda known: known.step_finished(step))

    def waiting(self, run: Run, using: str, seconds: float, **facts: Any) -> None:
        self._tell(run, using, lambda known: known.waits(seconds))

    def _tell(self, run: Run, using: str, what: Callable[[WatchedRun], None]) -> None:
        known = self.runs.get((using, run.pk))
        if known is None:
            return
        try:
            what(known)
        except Exception as error:
            self.runs.pop((using, run.pk), None)
            known.abandon()
            self._say(run, error)

    def _say(self, run: Run, error: Exception) -> None:
        """Log the type of the error: its text may hold values."""
        logger.warning("%s failed with %s; it is told nothing more of %s.", self.name, type(error).__name__, run)
