"""Messages that wait for whoever sends them: of progress the newest of each run, of all else every one. Pure."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from .messages import PROGRESS

MOST = 1_000

Item = TypeVar("Item")
Place = tuple[Hashable, str | int]  # a run, and "progress" or a number of our own


class Outbox(Generic[Item]):
    """
    Gives back what was put in, in order, the progress of one run at most every ``pause_seconds``.

    Newer progress of a run replaces older, and so does a change of its status. Above 1,000 messages the oldest go: the
    ledger has them.
    """

    def __init__(self, pause_seconds: float = 0.0):
        self.pause_seconds = pause_seconds
        self.waiting: OrderedDict[Place, tuple[Hashable, Item]] = OrderedDict()
        self.count = 0
        self.not_before: dict[Hashable, float] = {}

    def __len__(self) -> int:
        return len(self.waiting)

    def put(self, run: Hashable, kind: str, item: Item) -> None:
        self.waiting.pop((run, PROGRESS), None)
        self.count += 1
        self.waiting[run, PROGRESS if kind == PROGRESS else self.count] = (run, item)
        while len(self.waiting) > MOST:
            self.waiting.popitem(last=False)

    def put_back(self, run: Hashable, kind: str, item: Item) -> None:
        """Put what could not be sent before all else; of progress there will be newer."""
        if kind != PROGRESS:
            self.count += 1
            self.waiting[run, self.count] = (run, item)
            self.waiting.move_to_end((run, self.count), last=False)

    def take(self, now: float = 0.0) -> Item | None:
        """Return the first message that is due, or None."""
        for place, (run, item) in self.waiting.items():
            if self._due(place, now) <= now:
                del self.waiting[place]
                if self.pause_seconds:
                    self.not_before[run] = now + self.pause_seconds
                return item
        return None

    def seconds_to_wait(self, now: float) -> float | None:
        """Return how long it is until a message is due, or None where there is none."""
        return min((max(0.0, self._due(place, now) - now) for place in self.waiting), default=None)

    def _due(self, place: Place, now: float) -> float:
        run, kind = place
        return self.not_before.get(run, now) if kind == PROGRESS else now
