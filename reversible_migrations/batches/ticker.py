"""Lets the progress of a step out, at most once a second."""

import time
from collections.abc import Callable

TICK_SECONDS = 1.0


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
