"""
How a schema change asks for a lock: briefly, because others queue up behind whoever waits, and again and again.

Timeouts and pauses grow from try to try, so that a change comes through in the end without ever holding others up
for long.
"""

import random


def timeout_of(number: int) -> float:
    """Return how many seconds the try ``number`` (from 1) waits for its lock: 0.1, 0.2 ... 1."""
    return min(0.1 * number, 1.0)


def pause_after(number: int) -> float:
    """Return the seconds from the try ``number`` to the next: at random between half and all of 1, 2, 4 ... 60."""
    longest = min(2.0 ** (number - 1), 60.0)
    return random.uniform(longest / 2, longest)
