"""Worlds in which a run keeps its pace: a seeded database and gauges, and a clock that only the run moves on."""

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reversible_migrations.load.pace import Batch, Limits, Pace, Reading, first_pace, next_pace

REMEMBERED = 20
LIMITS = Limits()


@dataclass(frozen=True)
class Event:
    """One batch, and what came before it."""

    began: float
    seconds: float
    rows: int
    pace: Pace
    waits: tuple[Pace, ...]  # in which nothing was done
    rested: float  # seconds since the batch before
    readings: Sequence[Reading]


def quiet(now: float) -> list[Reading]:
    return [cpu(20)]


def cpu(percent: float, age_seconds: float = 0.0) -> Reading:
    return Reading("cpu", "%", percent, 90, age_seconds)


class Standby:
    """A standby that replays ``rows_per_second``, and nothing while it is paused; its lag is what it has left."""

    def __init__(self, rows_per_second: float, paused: tuple[float, float] = (0, 0), limit: float = 10):
        self.rows_per_second, self.paused, self.limit = rows_per_second, paused, limit
        self.rows_left, self.asked = 0.0, 0.0

    def take(self, now: float, batch: Batch) -> None:
        self._replay(now)
        self.rows_left += batch.rows

    def read(self, now: float) -> list[Reading]:
        self._replay(now)
        lag = self.rows_left / self.rows_per_second
        if self.paused[0] < now < self.paused[1]:
            lag += now - self.paused[0]
        return [Reading("replica_lag", "s", lag, self.limit, 0, is_lag=True, detail="standby s1")]

    def _replay(self, now: float) -> None:
        idle = max(0.0, min(now, self.paused[1]) - max(self.asked, self.paused[0]))
        self.rows_left = max(0.0, self.rows_left - (now - self.asked - idle) * self.rows_per_second)
        self.asked = now


@dataclass
class World:
    """
    A database whose batches take ``fixed_seconds`` and what each row costs.

    ``noise`` is the sigma of a lognormal factor of each batch; one batch in ``spike_every`` takes five
    times as long. Costs, gauges and others' work may follow the clock.
    """

    seconds_per_row: Callable[[float], float] = lambda now: 10e-6
    fixed_seconds: float = 0.002
    noise: float = 0.0
    spike_every: float = 0.0
    gauges: Callable[[float], list[Reading]] = quiet
    is_shared: Callable[[float], bool] = lambda now: False
    after_batch: Callable[[float, Batch], None] = lambda now, batch: None
    limits: Limits = LIMITS
    seed: int = 1

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.now = 0.0

    def batch(self, rows: int) -> Batch:
        factor = self.random.lognormvariate(0, self.noise)
        if self.spike_every and self.random.random() < 1 / self.spike_every:
            factor *= 5
        return Batch(rows, (self.fixed_seconds + rows * self.seconds_per_row(self.now)) * factor)

    def run(self, batches: int = 10_000, until: float = 1e9, follow: Callable[..., Pace] = next_pace) -> list[Event]:
        """Return what happened until ``batches`` were done or the clock stood at ``until``."""
        history: deque[Batch] = deque(maxlen=REMEMBERED)
        pace, events, ended = first_pace(self.limits), [], 0.0
        while len(events) < batches:
            waits: list[Pace] = []
            readings = self.gauges(self.now)
            while history:
                readings = self.gauges(self.now)
                pace = follow(pace, history, readings, self.limits, self.now, is_shared=self.is_shared(self.now))
                self.now += pace.pause_seconds
                if self.now >= until:
                    return events
                if not pace.is_waiting:
                    break
                waits.append(pace)
            batch = self.batch(pace.batch_size)
            rested = self.now - ended
            events.append(Event(self.now, batch.seconds, batch.rows, pace, tuple(waits), rested, readings))
            self.now += batch.seconds
            ended = self.now
            history.append(batch)
            self.after_batch(self.now, batch)
        return events
