"""
How soon the pace follows when the load doubles in the middle of a run.

An application is at work at a fixed rate, and from the middle on a second one beside it at the same rate.
"""

import statistics
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.watched import Batch, watched_batches

SHARE = 0.20  # of what the machine carries; then twice that
SECONDS = 6.0  # of each half
NEAR = 0.25  # a size that is this near to the one it comes to is there
IN_A_ROW = 3  # batches, of which one may be an outlier
MOST_BATCHES, MOST_SECONDS = 5, 5.0


@dataclass
class Doubling:
    """Of each turn: the rows of a batch before and after, and in how many batches and seconds the pace was there."""

    per_second: float  # transactions of the first application
    before: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def reached(self) -> bool:
        return statistics.median(self.batches) <= MOST_BATCHES or statistics.median(self.seconds) <= MOST_SECONDS


def measure(rows: int, repeats: int) -> Doubling:
    """Measure ``repeats`` turns, two halves of ``SECONDS`` each."""
    from benchmarks import foreground, ways

    ways.start_over(rows)
    found = Doubling(SHARE * foreground.carried(rows))
    for turn in range(1, repeats + 1):
        ways.start_over(rows)
        _turn(found, rows)
        print(
            f"turn {turn}: {found.before[-1]:,.0f} rows per batch, then {found.after[-1]:,.0f},"
            f" after {found.batches[-1]} batches or {found.seconds[-1]:.2f} s",
            file=sys.stderr,
            flush=True,
        )
    return found


def _turn(found: Doubling, rows: int) -> None:
    from benchmarks import foreground

    doubled: list[float] = []

    def second() -> None:
        time.sleep(SECONDS)
        doubled.append(time.monotonic())
        with foreground.application(rows, found.per_second, SECONDS):
            pass

    thread = threading.Thread(target=second)
    with foreground.application(rows, found.per_second, foreground.WARM_UP_SECONDS + 2 * SECONDS):
        time.sleep(foreground.WARM_UP_SECONDS)
        with watched_batches() as batches:
            thread.start()
            done = foreground.patch_for(2 * SECONDS, "adaptive")
        thread.join()
    if done >= rows:
        raise RuntimeError(f"All {rows:,} rows were done before the time was over: measure with a larger --large.")
    before, after, count, seconds = followed(batches, doubled[0])
    found.before.append(before)
    found.after.append(after)
    found.batches.append(count)
    found.seconds.append(seconds)


def followed(batches: Sequence[Batch], doubled: float) -> tuple[float, float, int, float]:
    """
    Return the rows of a batch before ``doubled`` and in the end, and the batches and seconds from one to the other.

    The first three batches in a row whose median is within a quarter of the last half's are there: from 1,000
    rows to 600 that is at 750. Where the load made no difference they are the first ones: 0 batches. A patch that
    all but stops and waits comes to 0 rows.
    """
    earlier = [rows for at, rows, _ in batches if at < doubled and rows]
    later = [(at, rows) for at, rows, _ in batches if at >= doubled and rows]
    before = statistics.median(earlier[len(earlier) // 2 :])
    if len(later) < 2 * IN_A_ROW:
        return before, 0.0, len(later), later[-1][0] - doubled if later else 0.0
    settled = statistics.median(rows for _, rows in later[len(later) // 2 :])
    for count in range(len(later) - IN_A_ROW + 1):
        size = statistics.median(rows for _, rows in later[count : count + IN_A_ROW])
        if abs(size - settled) <= NEAR * settled:
            break
    return before, settled, count, later[count][0] - doubled if count else 0.0
