"""
Reads what is new in the ledger, by the numbers of its events: how a server learns of runs in other processes.

No channel layer is needed for it. The numbers of events are not committed in order: a transaction that took a lower
one may end later. So gaps between the numbers are looked at again for a while. A run whose process died writes nothing:
those in hand are judged anew every few seconds.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from django.db import connections
from django.db.models import Q

from ..databases import database
from ..models import Event, Run
from ..overview import read_runs, status_of
from ..states import IN_HAND
from .messages import PROGRESS, STATUS, Message, has_runs, kind_of, message, newest_number

ROUND_SECONDS = 3.0  # between two looks at the runs in hand, and at databases that had no ledger
GAP_SECONDS = 60.0  # for which a number that is missing is waited for
MOST_GAPS = 500
MOST_EVENTS = 1_000  # that are read at once

logger = logging.getLogger("reversible_migrations")


class Gaps:
    """Numbers that were passed over and may yet come. Pure, with the time given."""

    def __init__(self) -> None:
        self.until: dict[int, float] = {}

    def note(self, missing: Iterable[int], now: float) -> None:
        self.until.update(dict.fromkeys(missing, now + GAP_SECONDS))
        for number in list(islice(self.until, max(0, len(self.until) - MOST_GAPS))):
            del self.until[number]

    def open(self, now: float) -> list[int]:
        """Return the numbers that are still waited for; forget those that took too long."""
        self.until = {number: until for number, until in self.until.items() if until > now}
        return list(self.until)

    def close(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self.until.pop(number, None)


class Tailer:
    """
    The ledger of the database ``alias``, from the first look on.

    ``look`` returns a message of each run that has new events, or whose status is another one without any.
    """

    def __init__(self, alias: str, clock: Callable[[], float] = time.monotonic):
        self.alias, self.clock = alias, clock
        self.newest: int | None = None
        self.gaps = Gaps()
        self.next_round = 0.0
        self.statuses: dict[int, tuple[str, str]] = {}  # of runs: status, and what it waits for
        self.numbers: dict[int, int] = {}  # of runs: newest event
        self.is_lost = False

    def look(self) -> list[Message]:
        """Return what is new; nothing while the ledger cannot be read, which is logged once."""
        try:
            found = self._look()
        except Exception as error:  # whatever it is, watchers of other databases go on, and so does this one later
            connections[self.alias].close()
            if not self.is_lost:
                logger.warning("The ledger in %r cannot be read (%s); trying on.", self.alias, type(error).__name__)
            self.is_lost = True
            return []
        self.is_lost = False
        return found

    def _look(self) -> list[Message]:
        is_round = self.clock() >= self.next_round
        if self.newest is None and not (is_round and self._begin()):
            self._put_off(is_round)
            return []
        kinds = self._new_events()
        if is_round:
            for run in self._otherwise_changed():
                kinds.setdefault(run, set())
            self._put_off(is_round)
        return [said for run, events in kinds.items() if (said := self._message(run, events)) is not None]

    def _put_off(self, is_round: bool) -> None:
        if is_round:
            self.next_round = self.clock() + ROUND_SECONDS

    def _begin(self) -> bool:
        """Note where the ledger ends now; return False where there is none yet."""
        if not has_runs(self.alias):
            return False
        self.newest = newest_number(self.alias)
        first = max(1, self.newest - MOST_GAPS + 1)
        there = set(Event.objects.using(self.alias).filter(pk__gte=first).values_list("pk", flat=True))
        self.gaps.note((number for number in range(first, self.newest) if number not in there), self.clock())
        self.statuses = dict(self._in_hand())
        return True

    def _new_events(self) -> dict[int, set[str]]:
        """Return the runs that have new events, with their kinds."""
        newest, now = self.newest or 0, self.clock()
        events = Event.objects.using(self.alias).filter(Q(pk__gt=newest) | Q(pk__in=self.gaps.open(now)))
        rows = list(events.order_by("pk").values_list("pk", "run_id", "kind")[:MOST_EVENTS])
        numbers = [number for number, _, _ in rows]
        self.gaps.close(numbers)
        if numbers and numbers[-1] > newest:
            passed = range(max(newest + 1, numbers[-1] - MOST_GAPS), numbers[-1])
            self.gaps.note(set(passed).difference(numbers), now)
            self.newest = numbers[-1]
        kinds: dict[int, set[str]] = {}
        for number, run, kind in rows:
            kinds.setdefault(run, set()).add(kind)
            self.numbers[run] = max(number, self.numbers.get(run, 0))
        return kinds

    def _otherwise_changed(self) -> list[int]:
        """Return the runs in hand, now or before, that are not as they were last said to be."""
        now = dict(self._in_hand())
        before = {run for run, (status, _) in self.statuses.items() if status in IN_HAND}
        return [run for run in {*now, *before} if now.get(run) != self.statuses.get(run)]

    def _in_hand(self) -> Sequence[tuple[int, tuple[str, str]]]:
        db = database(self.alias)
        runs = Run.objects.using(self.alias).filter(status__in=IN_HAND)
        return [(run.pk, (status_of(run, db), run.waiting)) for run in runs]

    def _message(self, number: int, events: set[str]) -> Message | None:
        found = read_runs(self.alias, run=number)
        if not found:
            return None
        run = found[0]
        now = str(run.status), run.waiting
        changed = "status" in events or self.statuses.get(number) != now
        self.statuses[number] = now
        kind = kind_of(run) if changed else PROGRESS if run.status in IN_HAND else STATUS
        return message(kind, run, self.alias, self.numbers.get(number) or newest_number(self.alias, number))
