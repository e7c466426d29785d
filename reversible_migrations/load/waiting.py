"""How long a thread waits for others, as far as it is not merely without a core."""

import sys
import time
from types import TracebackType

if sys.platform == "linux":
    from resource import RUSAGE_THREAD, getrusage

    def sleeps() -> int | None:
        """Return how often this thread has gone to sleep: for a lock, a timer, a disk."""
        return getrusage(RUSAGE_THREAD).ru_nvcsw

else:

    def sleeps() -> int | None:
        """Return None: this system does not tell it."""
        return None


class Waited:
    """
    The ``seconds`` that the body of a ``with`` took, if it slept meanwhile; 0 if it was at work all the time.

    On a busy host a thread loses its core to others in the middle of a statement. That is no wait for whoever holds
    the file: a run that took it for one would leave room to nobody. The system counts both apart (getrusage(2):
    voluntary and involuntary context switches).
    """

    seconds = 0.0

    def __enter__(self) -> "Waited":
        self._began, self._sleeps = time.monotonic(), sleeps()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._sleeps is None or self._sleeps != sleeps():
            self.seconds = time.monotonic() - self._began
