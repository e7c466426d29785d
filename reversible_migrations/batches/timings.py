"""How long batches take and what is waited for: counted in memory, in the ledger with each tick."""

import math
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager

from ..models import Step, Timing
from ..runs.run import ActiveRun
from ..states import TimingKind

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, math.inf)  # seconds
LABELS = tuple("+Inf" if math.isinf(bound) else f"{bound:g}" for bound in BOUNDS)  # as Prometheus writes them
LONGEST_LABEL = 100  # characters of a gauge's name, which may be the project's own
KEPT_SECONDS = 10.0  # between two notes of a long wait

Place = tuple[str, str]  # kind and label


class Timings:
    """
    The timings of ``step`` in this process; all its workers share them. What was kept before is added to.

    A batch of 0.03 s is counted under 0.05, one of 60 s under +Inf. What came after the last tick is
    lost when the process is killed: a second of it at the most, of a wait ten.
    """

    def __init__(self, step: Step):
        self.step = step
        self.lock = threading.Lock()
        self.found: dict[Place, tuple[int, float]] = {}
        self.changed: set[Place] = set()
        self.is_recalled = False
        self.kept = time.monotonic()

    def batch(self, seconds: float, held_up_seconds: float = 0.0) -> None:
        self._add((TimingKind.BATCH, LABELS[bisect_left(BOUNDS, seconds)]), seconds)
        if held_up_seconds:
            self.waited("lock", held_up_seconds)

    def waited(self, cause: str, seconds: float) -> None:
        self._add((TimingKind.WAIT, cause[:LONGEST_LABEL]), seconds)

    @contextmanager
    def waiting(self, cause: str) -> Iterator[None]:
        """Count the time of the block, however it ends, as waited for ``cause``."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.waited(cause, time.monotonic() - began)

    def keep(self, run: ActiveRun) -> None:
        """Write what has changed since the last time, over the connection of ``run``: one statement."""
        with self.lock:
            changed, self.changed = self.changed, set()
            self.kept = time.monotonic()
            if changed and not self.is_recalled:
                self._recall(run)
            rows = [
                Timing(step=self.step, kind=kind, label=label, number=number, seconds=seconds)
                for kind, label in sorted(changed)
                for number, seconds in [self.found[kind, label]]
            ]
        if rows:
            Timing.objects.using(run.alias).bulk_create(
                rows,
                update_conflicts=True,
                unique_fields=["step", "kind", "label"],
                update_fields=["number", "seconds"],
            )

    def keep_while_waiting(self, run: ActiveRun) -> None:
        """Write it during a wait, in which there are no ticks."""
        if time.monotonic() - self.kept >= KEPT_SECONDS:
            self.keep(run)

    def _recall(self, run: ActiveRun) -> None:
        self.is_recalled = True
        for timing in Timing.objects.using(run.alias).filter(step_id=self.step.pk):
            self._sum((timing.kind, timing.label), timing.number, timing.seconds)

    def _add(self, place: Place, seconds: float) -> None:
        with self.lock:
            self._sum(place, 1, seconds)
            self.changed.add(place)

    def _sum(self, place: Place, number: int, seconds: float) -> None:
        numbers, total = self.found.get(place, (0, 0.0))
        self.found[place] = (numbers + number, total + seconds)
