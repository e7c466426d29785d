"""A circuit breaker: what keeps failing is left alone for a while, longer each time. Pure, with a clock."""

import time
from collections.abc import Callable

FAILURES = 3  # in a row, until it opens
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0


class Breaker:
    """
    Says when something may be tried.

    Three failures in a row open it: for 1 s, then one try, and if that fails for 2 s, 4 s, up to a minute. The first
    success closes it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.clock = clock
        self.failures = 0
        self.open_until = 0.0

    @property
    def is_open(self) -> bool:
        return self.failures >= FAILURES

    @property
    def seconds_left(self) -> float:
        """How long nothing may be tried yet; 0 while it is closed."""
        return max(0.0, self.open_until - self.clock()) if self.is_open else 0.0

    def failed(self) -> bool:
        """Note a failure; return whether it has opened by it."""
        self.failures += 1
        pause = FIRST_PAUSE_SECONDS * 2 ** min(30, max(0, self.failures - FAILURES))
        self.open_until = self.clock() + min(pause, LONGEST_PAUSE_SECONDS)
        return self.failures == FAILURES

    def worked(self) -> bool:
        """Note a success; return whether it has closed by it."""
        was_open, self.failures = self.is_open, 0
        return was_open
