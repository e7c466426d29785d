"""
The pace of a run: how many rows its next batch reads, and how long it pauses before that batch.

Pure: the same history, readings, limits and time give the same pace. The caller measures, sleeps and
hands the last pace back; what has to be known from call to call travels in ``Pace.memory``.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .estimates import weighted_percentile

# Batch size: the last 20 batches (the caller keeps no more), the newer ones counting more.
WEIGHT_PER_AGE = 0.9
SLOW_SHARE = 0.9  # the cost of a row is the 90th percentile: one batch in ten may be slower
AIMED_SHARE = 0.8  # of the target seconds
LEFT_ALONE = 0.1  # a size that is this near to the wanted one stays
MOST_GROWTH = 2.0
MOST_SHRINKAGE = 10.0
OVERLONG = 2.5  # times the target: a batch that counts alone
ENOUGH_TO_JUDGE = 0.5  # full batches; less says more of a batch's fixed cost than of its rows
QUIET_SECONDS = 5.0  # that others have to be gone before batches may take the longer target again

# Pace: pressures are shares of a gauge's limit.
SLOWS_FROM = 0.7
STOPS_FROM = 1.0
GOES_ON_BELOW = 0.9
OVERLOADED_FROM = 1.5
OVERLOADED_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 30.0
LONGEST_WAIT_SECONDS = 60.0
WAITS_IN_SERIES = 7  # 1 to 60 s, then anew: who asked once a minute would always meet the job of every minute
SHORTEST_WAIT_SECONDS = 0.01
BLIND_SECONDS = 15.0  # without a reading
RECOVERY_SECONDS = 30.0  # that an overloaded database is left alone before the minimum share is taken
FORBIDDEN_PRESSURE = 2.0  # of anything above a limit of 0

CAUSE_ASKED = "pause"  # of a pause that the settings ask for, whatever the load


@dataclass(frozen=True)
class Reading:
    """What a gauge said last."""

    gauge: str
    unit: str  # "%", "s", "bytes", "sessions"
    value: float | None  # None: it could not be read
    limit: float
    age_seconds: float  # since the value was read; of a gauge that was never read, since the first attempt
    is_lag: bool = False  # lag gauges stop the next batch when they go blind, load gauges hold the pace
    detail: str = ""  # "standby s1"; of a blind gauge, why it cannot be read
    weight: float = 1.0  # how much of its pressure counts; 0: it is only shown

    @property
    def pressure(self) -> float | None:
        """
        Return ``weight * value / limit``: 81 % of a limit of 90 % is 0.9. None if there is no value.

        A limit of 0 allows nothing: any value above 0 is a pressure of 2.0, times the weight.
        """
        if self.value is None or not math.isfinite(self.value):
            return None
        if self.limit <= 0:
            return self.weight * (FORBIDDEN_PRESSURE if self.value > 0 else 0.0)
        return self.weight * max(0.0, self.value / self.limit)

    @property
    def is_blind(self) -> bool:
        return self.age_seconds >= BLIND_SECONDS


@dataclass(frozen=True)
class Batch:
    """One committed batch."""

    rows: int
    seconds: float


@dataclass(frozen=True)
class Limits:
    """What the developer and the operator allow."""

    batch_size: int | None = None  # rows; fixed by the developer; None: found by itself
    first_batch_size: int = 1_000
    smallest_batch_size: int = 100
    largest_batch_size: int = 100_000
    target_seconds: float = 0.25  # of a batch while nobody else is at work
    shared_target_seconds: float = 0.02  # of a batch while others are: row locks are held that long
    pause_seconds: float = 0.0  # least pause after each batch
    min_share: float = 0.02  # of the time that is always worked, so that a run ends


@dataclass(frozen=True)
class Memory:
    """What ``next_pace`` has to know of its earlier calls; times are those of the caller's clock."""

    pressures: Mapping[str, float] = field(default_factory=dict)  # of each gauge, when it was last read
    lagging: frozenset[str] = frozenset()  # lag gauges that reached their limit and are not below 0.9 of it yet
    held_up_since: float | None = None  # since a pressure reached 1.0, until all are below 0.9
    waiting_since: float | None = None  # since the last batch
    waits: int = 0  # in a row
    overloaded_since: float | None = None  # since a pressure reached 1.5
    shared_at: float | None = None  # when others were last seen at work


@dataclass(frozen=True)
class Pace:
    """How to go on: pause, then do a batch; or, if ``is_waiting``, pause and ask again."""

    batch_size: int
    pause_seconds: float = 0.0
    reason: str = ""  # in words, whenever load makes the pause or a blind gauge holds the pace
    cause: str = CAUSE_ASKED  # what makes the pause: a gauge's name, or the least pause that was asked for
    is_waiting: bool = False
    is_overloaded: bool = False  # 1.5 or more for a minute: the run is to be shown as paused
    memory: Memory = field(default=Memory(), repr=False)


@dataclass(frozen=True)
class Load:
    """What all gauges say together."""

    pressures: Mapping[str, float]
    pressure: float  # the highest
    worst: Reading | None  # the gauge that has it
    blind: Reading | None  # a load gauge that is blind
    blind_lag: Reading | None
    lagging: frozenset[str]


def first_pace(limits: Limits) -> Pace:
    """Return the pace of the first batch: 1,000 rows, at once."""
    return Pace(_allowed(limits.first_batch_size, limits))


def next_pace(
    pace: Pace,
    history: Sequence[Batch],
    readings: Sequence[Reading],
    limits: Limits,
    now: float,
    is_shared: bool = False,
) -> Pace:
    """
    Return how to go on after the batches of ``history`` (newest last), from what the gauges say.

    The batch size is that of ``next_size``. The pause follows the highest pressure u, which is a
    gauge's value as a share of its limit:

    - u below 0.7: no pause but ``limits.pause_seconds``.
    - 0.7 to 1.0: ``work * (u - 0.7) / (1 - u)`` seconds, at most 30; ``work`` is what the newest batch
      took. A batch of 0.2 s beside a CPU at 81 % of 90 % (u = 0.9) is followed by a pause of 0.4 s.
    - 1.0 or more: waits of 1, 2, 4, 8, 16, 32 and 60 s, and from 1 s again, until u is below 0.9.
    - 1.5 or more for a minute: the same, and ``is_overloaded`` until u is below 0.9.

    A gauge that cannot be read keeps its last pressure. After 15 s without a reading it is blind: a lag
    gauge stops the next batch, a load gauge keeps the batch from growing.

    Load alone never takes all of the time: pauses leave ``limits.min_share`` of it for work. A wait does
    so once the database was left alone for 30 s to recover (else a batch of 10 ms would be let through
    after half a second): then each ends with a batch after ``work * (1 / min_share - 1)`` seconds. With a
    share of 0.02 that is 1 s for a batch of 20 ms, and 12 s for one of 0.25 s. A lag gauge that is blind, or
    reached its limit and is not below 0.9 of it again, is never overridden.

    ``now`` is a monotonic clock in seconds. ``is_shared``: others commit on this database at present;
    batches then take ``limits.shared_target_seconds``, until nobody was seen for 5 s.

    The minimum share is there because gh-ost's copy, which has none, starves under load.
    """
    load = _load(readings, pace.memory)
    memory = _remembered(pace.memory, load, now, is_shared)
    target = _target(memory, limits, now)
    size = next_size(pace.batch_size, history, target, limits)
    is_held_up = memory.held_up_since is not None
    if is_held_up or pace.is_waiting or load.blind:
        size = min(size, pace.batch_size)  # also because the newest batch was judged when the wait began
    size = _allowed(size, limits)
    work = max(0.0, history[-1].seconds) if history else 0.0
    if is_held_up and (seconds := _seconds_to_share(memory, load, work, limits, now)) > 0:
        return _waiting(pace, size, memory, load, seconds, now)
    return _going_on(pace, size, memory, load, work, limits, now)


# Batch size


def next_size(size: int, history: Sequence[Batch], target_seconds: float, limits: Limits) -> int:
    """
    Return the rows of the next batch, after one of ``size`` rows was asked for.

    A row costs what it did in the slowest tenth of the last 20 batches: the 90th percentile of seconds
    per row, weighted by ``0.9 ** age``. A batch shall take 0.8 of the target: with 0.25 s and 10 us a
    row, 20,000 rows. A size within 10 % of that stays. It at most doubles, and shrinks to a tenth at most.
    A batch of over 2.5 targets counts alone.

    A batch smaller than ``size`` (the last of a range) counts by its share of ``size``, since its fixed
    cost makes its rows look dear; while all together are less than half a batch, the size stays.

    Source: simulated beside the rules of GitLab's batched migrations, Percona's and spirit's, which leave 13,
    16 and 4.3 % of batches overlong; this one 1.8 %.
    """
    if limits.batch_size is not None or not history:
        return _allowed(size, limits)
    cost = _seconds_per_row(size, history)
    newest = history[-1]
    if newest.seconds > OVERLONG * target_seconds:
        cost = max(cost or 0.0, newest.seconds / max(newest.rows, size))
    if cost is None:
        return _allowed(size, limits)
    wanted = AIMED_SHARE * target_seconds / cost if cost > 0 else math.inf
    if abs(wanted - size) <= LEFT_ALONE * size:
        return _allowed(size, limits)
    return _allowed(min(max(wanted, size / MOST_SHRINKAGE), size * MOST_GROWTH), limits)


def _seconds_per_row(size: int, history: Sequence[Batch]) -> float | None:
    """Return what a row costs in the slowest tenth, or None if too few rows were done to tell."""
    costs = [
        (batch.seconds / batch.rows, WEIGHT_PER_AGE**age * min(1.0, batch.rows / size))
        for age, batch in enumerate(reversed(history))
        if batch.rows > 0
    ]
    if sum(weight for _, weight in costs) < ENOUGH_TO_JUDGE:
        return None
    return max(0.0, weighted_percentile(costs, SLOW_SHARE))


def _allowed(size: float, limits: Limits) -> int:
    if limits.batch_size is not None:
        return limits.batch_size
    return max(1, min(max(round(size), limits.smallest_batch_size), limits.largest_batch_size))


def _target(memory: Memory, limits: Limits, now: float) -> float:
    # Short at once, long again only after a while: else every short lull would grow a batch into the next rush.
    is_quiet = memory.shared_at is None or now - memory.shared_at >= QUIET_SECONDS
    return limits.target_seconds if is_quiet else min(limits.target_seconds, limits.shared_target_seconds)


# Pauses


def _load(readings: Sequence[Reading], memory: Memory) -> Load:
    counted = [reading for reading in readings if reading.weight > 0]
    pressures: dict[str, float] = {}
    for reading in counted:
        pressure = memory.pressures.get(reading.gauge) if reading.pressure is None else reading.pressure
        if pressure is not None:
            pressures[reading.gauge] = max(pressure, pressures.get(reading.gauge, 0.0))
    worst = max(counted, key=lambda reading: pressures.get(reading.gauge, -1.0), default=None)
    blind = [reading for reading in counted if reading.is_blind]
    return Load(
        pressures,
        pressure=pressures.get(worst.gauge, 0.0) if worst else 0.0,
        worst=worst,
        blind=next((reading for reading in blind if not reading.is_lag), None),
        blind_lag=next((reading for reading in blind if reading.is_lag), None),
        lagging=frozenset(
            reading.gauge
            for reading in counted
            if reading.is_lag
            and pressures.get(reading.gauge, 0.0) >= (GOES_ON_BELOW if reading.gauge in memory.lagging else STOPS_FROM)
        ),
    )


def _remembered(memory: Memory, load: Load, now: float, is_shared: bool) -> Memory:
    stops_from = STOPS_FROM if memory.held_up_since is None else GOES_ON_BELOW
    return replace(
        memory,
        pressures=load.pressures,
        lagging=load.lagging,
        held_up_since=_since(memory.held_up_since, load.pressure >= stops_from or load.blind_lag is not None, now),
        overloaded_since=_since(memory.overloaded_since, load.pressure >= OVERLOADED_FROM, now),
        shared_at=now if is_shared else memory.shared_at,
    )


def _since(before: float | None, holds: bool, now: float) -> float | None:
    if not holds:
        return None
    return now if before is None else before


def _seconds_to_share(memory: Memory, load: Load, work: float, limits: Limits, now: float) -> float:
    """Return when the minimum share lets a batch through, in seconds; infinite for a lag gauge."""
    if load.blind_lag or load.lagging:
        return math.inf
    left_alone = now - (now if memory.held_up_since is None else memory.held_up_since)
    waited = now - (now if memory.waiting_since is None else memory.waiting_since)
    return max(RECOVERY_SECONDS - left_alone, _seconds_per_share(work, limits) - waited)


def _seconds_per_share(work: float, limits: Limits) -> float:
    """Return how long to rest after ``work`` seconds to have worked ``min_share`` of the time: 1 s after 20 ms."""
    return work * (1 / limits.min_share - 1) if limits.min_share > 0 else math.inf


def _waiting(pace: Pace, size: int, memory: Memory, load: Load, seconds_to_share: float, now: float) -> Pace:
    waits = memory.waits if pace.is_waiting else 0
    backoff = min(2.0 ** (waits % WAITS_IN_SERIES), LONGEST_WAIT_SECONDS)
    held_by = load.blind_lag or load.worst
    overloaded_for = 0.0 if memory.overloaded_since is None else now - memory.overloaded_since
    return Pace(
        size,
        min(backoff, max(seconds_to_share, SHORTEST_WAIT_SECONDS)),
        f"waiting: {_words(held_by, is_stopped=True)}",
        held_by.gauge if held_by else CAUSE_ASKED,
        is_waiting=True,
        is_overloaded=pace.is_overloaded or overloaded_for >= OVERLOADED_SECONDS,
        memory=replace(memory, waits=waits + 1, waiting_since=memory.waiting_since if pace.is_waiting else now),
    )


def _going_on(pace: Pace, size: int, memory: Memory, load: Load, work: float, limits: Limits, now: float) -> Pace:
    is_held_up = memory.held_up_since is not None
    waited = 0.0 if memory.waiting_since is None else now - memory.waiting_since
    by_load = 0.0 if is_held_up else _pause_by_load(load.pressure, work, limits) - waited
    least = limits.pause_seconds - waited
    reason, cause = "", CAUSE_ASKED
    if by_load > max(0.0, least):
        reason, cause = f"slowed: {_words(load.worst)}", load.worst.gauge if load.worst else CAUSE_ASKED
    elif load.blind:
        reason = f"held: {_words(load.blind)}"
    return Pace(
        size,
        max(0.0, by_load, least),
        reason,
        cause,
        is_overloaded=is_held_up and pace.is_overloaded,
        memory=replace(memory, waits=0, waiting_since=None),
    )


def _pause_by_load(pressure: float, work: float, limits: Limits) -> float:
    if pressure < SLOWS_FROM:
        return 0.0
    seconds = work * (pressure - SLOWS_FROM) / (STOPS_FROM - pressure)
    return min(seconds, LONGEST_PAUSE_SECONDS, _seconds_per_share(work, limits))


# Words


def words(reading: Reading) -> str:
    """Return "cpu at 63 % of 90 %" or "replica_lag at 1.2 s of 10 s (standby s1)"."""
    if reading.value is None:
        return f"{reading.gauge} cannot be read"
    where = f" ({reading.detail})" if reading.detail else ""
    return f"{reading.gauge} at {amount(reading.value, reading.unit)} of {amount(reading.limit, reading.unit)}{where}"


def numbers(reading: Reading) -> list[float | str | None]:
    """Return value, limit and unit, as a chart needs them: ``[63.2, 90, "%"]``; four digits are enough for it."""
    return [float(f"{reading.value:.4g}") if reading.value is not None else None, reading.limit, reading.unit]


def _words(reading: Reading | None, is_stopped: bool = False) -> str:
    """Return "cpu at 93 %, limit 90 %" or "standby s1 is 12.3 s behind, limit 10 s"."""
    if reading is None:
        return "no gauges"
    if reading.is_blind or reading.value is None or reading.pressure is None:
        why = f" ({reading.detail})" if reading.detail else ""
        return f"no reading of {reading.gauge} for {reading.age_seconds:.0f} s{why}"
    value, limit = amount(reading.value, reading.unit), reading.limit / reading.weight
    until = f"limit {amount(limit, reading.unit)}"
    if is_stopped and reading.pressure < STOPS_FROM:
        until = f"going on below {amount(GOES_ON_BELOW * limit, reading.unit)}"
    if reading.is_lag and reading.detail:
        return f"{reading.detail} is {value} behind, {until}"
    where = f" ({reading.detail})" if reading.detail else ""
    return f"{reading.gauge}{where} at {value}, {until}"


def amount(value: float, unit: str) -> str:
    """Return 93 %, 12.3 s, 300 MB (of 300,000,000 bytes) or 1,234 rows: three digits, or all of the whole ones."""
    if unit in ("bytes", "B"):
        value, unit = value / 1e6, "MB"
    is_whole = abs(value) >= 999.5 or abs(value) < 0.001 or (unit == "%" and abs(value) >= 10)
    return f"{value:,.0f} {unit}".rstrip() if is_whole else f"{value:.3g} {unit}".rstrip()
