"""How far a step is: the sums of its ranges, kept by all workers of a process together."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from django.db import transaction

from .. import signals
from ..load.estimates import eta_range
from ..models import KeyRange, Step
from ..models.run import COUNTS
from ..runs.run import ActiveRun
from .timings import Timings

TICK_SECONDS = 1.0
MOVE_SECONDS = 0.25  # between two looks at what is in memory only
REMEMBERED = 60  # ticks, by which the rest is estimated


class Ticker:
    """``due()`` is true at the first call and then at most once every ``seconds``."""

    def __init__(self, seconds: float = TICK_SECONDS, clock: Callable[[], float] = time.monotonic):
        self.seconds = seconds
        self.clock = clock
        self.last: float | None = None

    def due(self) -> bool:
        now = self.clock()
        if self.last is not None and now - self.last < self.seconds:
            return False
        self.last = now
        return True


class Tally:
    """
    The counts of ``step``, exact in memory after every batch, and in the ledger at each tick and at the end.

    ``seconds`` of a step are those of its busiest range: with two workers for 10 s each it is 10 s, not 20.
    """

    def __init__(self, step: Step, ranges: Iterable[KeyRange], ticker: Ticker | None = None):
        self.step = step
        self.lock = threading.Lock()
        self.ticker = ticker or Ticker()
        self.moves = Ticker(MOVE_SECONDS)
        self.began = time.monotonic()
        self.samples: deque[tuple[float, int]] = deque(
            maxlen=REMEMBERED
        )  # of each tick: seconds, and rows seen in them
        self.ticked = (self.began, step.rows_seen)
        self.seconds_before = step.seconds
        self.timings = Timings(step)
        step.add_up(ranges)

    def add(self, before: dict[str, int], after: dict[str, Any]) -> None:
        """Count what one committed batch has changed in its range."""
        with self.lock:
            for name in COUNTS:
                setattr(self.step, name, getattr(self.step, name) + after[name] - before[name])
            self.step.seconds = self.seconds_before + time.monotonic() - self.began

    def tick(self, run: ActiveRun, pace: Callable[[], dict[str, Any]]) -> None:
        """Let the progress out, if it is time: to the ledger, and to those who watch, with what ``pace`` says of it."""
        with self.lock:
            is_due = self.ticker.due()
            counts, facts = (self.counts, {**pace(), "eta": self._eta()}) if is_due else ({}, {})
        if not is_due:
            if self.moves.due():
                signals.tell(signals.step_moved, run=run.record, step=self.step, using=run.alias)
            return
        with transaction.atomic(using=run.alias, savepoint=False):  # one commit, not three
            run.steps().filter(pk=self.step.pk).update(**counts)
            run.event("progress", step=self.step.number, rows=counts["rows_done"], seen=counts["rows_seen"], **facts)
            self.timings.keep(run)
        signals.tell(signals.step_progressed, run=run.record, step=self.step, using=run.alias, pace=facts)

    def _eta(self) -> list[float | None] | None:
        """Return the seconds that are left, at best and at worst (None: no end is to be seen), or None if unknown."""
        now, seen = time.monotonic(), self.step.rows_seen
        self.samples.append((now - self.ticked[0], seen - self.ticked[1]))
        self.ticked = (now, seen)
        if self.step.rows_total is None:
            return None
        found = eta_range(max(0, self.step.rows_total - seen), list(self.samples))
        return None if found is None else [None if math.isinf(end) else round(end, 1) for end in found]

    @property
    def counts(self) -> dict[str, Any]:
        return {name: getattr(self.step, name) for name in (*COUNTS, "seconds")}
