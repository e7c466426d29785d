"""
Between two batches: may the next one begin, and how large is it?

A ``Course`` is what the workers of a step share: the gauges, the window, the limits. Each worker has
a ``Driver`` that keeps the pace of its own range. All decisions are made by pure functions of
``load``; here they are asked, slept on, and told to those who watch.
"""

import math
import threading
import time
from collections import deque
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from .. import signals
from ..exceptions import OutsideWindow
from ..load import pace
from ..load.baseline import baseline_pace
from ..load.gauges import build_gauges
from ..load.sampler import Sampler
from ..load.windows import OUTSIDE, Windows
from ..models import Step
from ..runs.control import way_on
from ..runs.run import ActiveRun
from .timings import Timings

REMEMBERED = 20  # batches
LONG_WAIT_SECONDS = 1.0  # from here on a wait is written to the ledger
LONGEST_NAP_SECONDS = 2.0  # between two looks at gauges and window, which cost nothing here


class Course:
    """The conditions under which a step works, for all its workers."""

    def __init__(self, run: ActiveRun, step: Step, tables: list[str], timings: Timings | None = None):
        self.run, self.step = run, step
        self.timings = timings or Timings(step)
        self.tables = tables
        self.sampler: Sampler | None = None
        self.workers = 0
        self.known_limits: dict[str, float | None] = {}
        self.turn = threading.Lock()
        self.own = set[int]()  # sessions of the run, which are not to be taken for others'
        self.add_own(run)

    def add_own(self, run: ActiveRun) -> None:
        """Note the session of a worker, over whose connection something was asked already."""
        session = run.db.own_session()
        if session is not None:
            self.own.add(session)

    def begin(self, run: ActiveRun) -> None:
        """Start to read the gauges; called, by any worker, when a step turns out to have more than one batch."""
        with self.turn:
            limits = run.option("LIMITS")
            if self.sampler is None or limits != self.known_limits:
                self.end()
                gauges = build_gauges(run.db, limits, run.option("GAUGES"))
                self.sampler = Sampler(run.alias, gauges, run.db.has_sessions, self.tables, self.own)
                self.sampler.start()
                self.known_limits = limits

    def end(self) -> None:
        if self.sampler is not None:
            self.sampler.stop()

    @property
    def limits(self) -> pace.Limits:
        option = self.run.option
        return pace.Limits(
            batch_size=option("BATCH_SIZE"),
            largest_batch_size=option("MAX_BATCH_SIZE"),
            target_seconds=option("TARGET_BATCH_SECONDS"),
            shared_target_seconds=option("SHARED_BATCH_SECONDS"),
            pause_seconds=option("PAUSE_SECONDS"),
            min_share=option("MIN_SHARE"),
        )

    def closed_seconds(self) -> float:
        """Return how long the window stays closed, 0 while it is open."""
        window = self.run.option("WINDOW")
        if window is None:
            return 0.0
        return Windows.parse(window, settings.TIME_ZONE).seconds_until_open(datetime.now(UTC))


class Driver:
    """Decides, for one worker, when its next batch begins and how many rows it reads."""

    def __init__(self, run: ActiveRun, course: Course):
        self.run, self.course = run, course
        course.workers += 1
        course.add_own(run)
        self.history: deque[pace.Batch] = deque(maxlen=REMEMBERED)
        self.pace = pace.first_pace(course.limits)

    def next_size(self) -> int:
        """
        Return the rows of the next batch, after whatever has to be waited for.

        Raise ``Stopped``, ``Cancelled`` or ``OutsideWindow``: nothing is open then.
        """
        self._heed()
        self._wait_for_window()
        if self.history:
            self.course.begin(self.run)
            self._keep_pace()
        if not self.pace.is_overloaded:  # the minimum share of an overloaded run is no going on
            self.run.resume()
        return self.pace.batch_size

    def _heed(self) -> None:
        control = self.run.control
        before = control.paused_seconds
        control.heed(self.run)
        if control.paused_seconds > before:
            self.course.timings.waited("operator", control.paused_seconds - before)

    def note(self, rows: int, seconds: float, held_up_seconds: float = 0.0) -> None:
        """Take up what a committed batch has taken, and how long others held it up."""
        if rows:
            self.history.append(pace.Batch(rows, seconds))
        if self.course.sampler is not None:
            self.course.sampler.note_batch(self.run.db, seconds, held_up_seconds)

    def in_words(self) -> dict[str, Any]:
        """
        Return what people are shown of the pace: the batch size, and the gauge that is nearest to its limit.

        ``gauges`` are value, limit and unit of all of them by name.
        """
        readings = self.course.sampler.readings() if self.course.sampler else []
        worst = max(readings, key=lambda reading: reading.pressure or 0.0, default=None)
        return {
            "batch_size": self.pace.batch_size,
            "workers": self.course.workers,
            "gauge": pace.words(worst) if worst is not None and worst.pressure else "",
            "gauges": {each.gauge: pace.numbers(each) for each in readings if each.value is not None},
        }

    def _keep_pace(self) -> None:
        following = baseline_pace if self.run.option("PACE") == "fixed" else pace.next_pace
        sampler = self.course.sampler
        while True:
            readings = sampler.readings() if sampler else []
            is_shared = sampler.is_shared if sampler else False
            self.pace = following(
                self.pace, self.history, readings, self.course.limits, time.monotonic(), is_shared=is_shared
            )
            if self.pace.pause_seconds:
                longest = LONGEST_NAP_SECONDS if self.pace.is_waiting else math.inf
                seconds = min(self.pace.pause_seconds, longest)
                self._wait(seconds, self.pace.reason, self.pace.cause, self.pace.is_overloaded)
            if not self.pace.is_waiting:
                return

    def _wait_for_window(self) -> None:
        while (seconds := self.course.closed_seconds()) > 0:
            window = self.run.option("WINDOW")
            if self.run.option("OUTSIDE_WINDOW") == "stop":
                raise OutsideWindow(
                    str(self.run),
                    f"is outside its window {window}.",
                    standing="What is committed is recorded.",
                    todo=way_on(self.run),
                )
            self._wait(min(seconds, LONGEST_NAP_SECONDS), f"{OUTSIDE} {window}", "window", is_pause=True)

    def _wait(self, seconds: float, reason: str, cause: str, is_pause: bool) -> None:
        reason = reason.removeprefix("waiting: ")  # whoever shows it says so
        if reason and seconds >= LONG_WAIT_SECONDS:
            facts = {"run": self.run.record, "step": self.course.step, "using": self.run.alias}
            signals.tell(signals.waiting, **facts, reason=reason, seconds=seconds)
        if is_pause:
            self.run.pause(reason)
        elif reason and seconds >= LONG_WAIT_SECONDS:
            self.run.wait(reason)
        with self.course.timings.waiting(cause):
            self.run.control.wait(self.run, seconds)
        self.course.timings.keep_while_waiting(self.run)
