"""
The fixed schedule (``PACE = "fixed"``): for comparison, and for those who want to know every pause beforehand.

It looks at CPU and memory alone. Replicas, other sessions and how long a batch took mean nothing to it.
"""

from collections.abc import Sequence

from .pace import Batch, Limits, Pace, Reading, amount

GAUGES = ("cpu", "memory")  # in percent
SMALLEST_BATCH_SIZE = 100
LARGEST_BATCH_SIZE = 5_000
GROWS_BELOW, EASY_BELOW, HARD_ABOVE = 30, 50, 80  # percent
EASY_PAUSE, MIDDLE_PAUSE, HARD_PAUSE = 0.05, 0.1, 0.5  # seconds


def baseline_pace(
    pace: Pace,
    history: Sequence[Batch],
    readings: Sequence[Reading],
    limits: Limits,
    now: float,
    is_shared: bool = False,
) -> Pace:
    """
    Return the next pace by the higher one of CPU and memory, in percent of what the host has.

    | load       | pause  | batch                           |
    |------------|--------|---------------------------------|
    | below 30   | 0.05 s | a fifth larger, at most 5,000   |
    | below 50   | 0.05 s | as it is                        |
    | up to 80   | 0.1 s  | as it is                        |
    | above 80   | 0.5 s  | a fifth smaller, at least 100   |

    It begins with 1,000 rows. Without a reading of either the load counts as a middle one. The gauges'
    limits, ``history``, ``now`` and ``is_shared`` are taken for the sake of ``next_pace``'s signature.
    """
    load, reason = _load(readings)
    pause = EASY_PAUSE if load < EASY_BELOW else MIDDLE_PAUSE if load <= HARD_ABOVE else HARD_PAUSE
    return Pace(
        _size(pace.batch_size, load, limits),
        max(pause, limits.pause_seconds),
        reason if pause >= limits.pause_seconds else "",
    )


def _load(readings: Sequence[Reading]) -> tuple[float, str]:
    """Return the load in percent, and why it makes the pause that it makes."""
    found = [
        (reading.value, reading.gauge)
        for reading in readings
        if reading.gauge in GAUGES and reading.value is not None and not reading.is_blind
    ]
    if not found:
        return EASY_BELOW, "held: no reading of cpu or memory"
    load, gauge = max(found)
    if load < EASY_BELOW:
        return load, ""
    over = HARD_ABOVE if load > HARD_ABOVE else EASY_BELOW
    return load, f"slowed: {gauge} at {amount(load, '%')}, over {over} %"


def _size(size: int, load: float, limits: Limits) -> int:
    if limits.batch_size is not None:
        return limits.batch_size
    if load > HARD_ABOVE:
        size = max(SMALLEST_BATCH_SIZE, round(size * 0.8))
    elif load < GROWS_BELOW:
        size = min(LARGEST_BATCH_SIZE, round(size * 1.2))
    return max(1, min(size, limits.largest_batch_size))
