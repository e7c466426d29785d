"""
Reads the gauges beside the run, so that a slow one costs the run nothing.

One thread looks at the host and, over a connection of its own, at the database. Gauges that ask elsewhere
have a thread each. Readings are taken from memory: asking for them never waits.
"""

import math
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from django.db import NotSupportedError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from ..databases import database
from ..databases.base import Database
from .gauges import Busy, CannotRead, Figure, Gauge, Look
from .pace import BLIND_SECONDS, Reading

INTERVAL_SECONDS = 1.0
LAG_INTERVAL_SECONDS = 0.25  # where there are standbys
FIRST_ROUND_SECONDS = 1.0  # that ``start`` waits for the first readings
LONGEST_END_SECONDS = 3.0


class Sampler:
    """
    The readings of ``gauges`` on the database ``alias``, while a step works.

    ``is_shared`` is whether other sessions were at work on the database at the last look. Without sessions
    that can be asked about (SQLite) no second connection is opened, and nobody else is known of.
    """

    def __init__(
        self,
        alias: str,
        gauges: Sequence[Gauge],
        has_sessions: bool,
        tables: Sequence[str] = (),
        own: set[int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.alias, self.gauges, self.has_sessions, self.tables = alias, gauges, has_sessions, tables
        self.clock = clock
        self.own = set[int]() if own is None else own
        self.busy = next((gauge for gauge in gauges if isinstance(gauge, Busy)), None)
        self.others_at_work = False
        self.taken: dict[str, tuple[float, Figure]] = {}  # by gauge: when it was read, and what
        self.tried: dict[str, float] = {}  # by gauge: when it was first tried
        self.faults: dict[str, str] = {}  # by gauge: why it could not be read the last time
        self.absent: set[str] = set()  # gauges that had nothing to read: no standbys, no first difference
        self.turn = threading.Lock()  # of the four above, which are changed together
        self.ending = threading.Event()
        self.threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to read, and wait a moment for the first readings; harmless when repeated, or after ``stop``."""
        if self.threads or self.ending.is_set():
            return
        together = [gauge for gauge in self.gauges if not gauge.is_remote]
        groups = [together, *([gauge] for gauge in self.gauges if gauge.is_remote)]
        first = threading.Event()
        for group in groups:
            self.threads.append(threading.Thread(target=self._go_round, args=(group, first), daemon=True))
        for thread in self.threads:
            thread.start()
        first.wait(FIRST_ROUND_SECONDS)

    def stop(self) -> None:
        """End after the reads in hand; one that hangs is left behind, and ends with the process."""
        self.ending.set()
        until = time.monotonic() + LONGEST_END_SECONDS
        for thread in self.threads:
            thread.join(max(0.0, until - time.monotonic()))
        self.threads = []

    def note_batch(self, db: Database, seconds: float, waited_seconds: float) -> None:
        """Note a batch of the run: its session is not to be taken for another's, and how long it was held up."""
        self._note_session(db)
        if self.busy is not None:
            self.busy.note(waited_seconds, seconds)

    @property
    def is_shared(self) -> bool:
        return self.busy.percent >= Busy.SHARED_FROM if self.busy is not None else self.others_at_work

    def readings(self) -> list[Reading]:
        """Return what each gauge said last; those that have nothing to read are left out."""
        now = self.clock()
        with self.turn:
            return [
                self._reading(gauge, now)
                for gauge in self.gauges
                if gauge.name in self.tried and gauge.name not in self.absent
            ]

    def _reading(self, gauge: Gauge, now: float) -> Reading:
        at, figure = self.taken.get(gauge.name, (self.tried[gauge.name], Figure(None)))
        counts = self.is_shared or not gauge.is_own_too
        is_known = figure.value is not None and now - at < BLIND_SECONDS
        return Reading(
            gauge.name,
            gauge.unit,
            figure.value,
            gauge.limit,
            age_seconds=now - at,
            is_lag=gauge.is_lag,
            detail=figure.detail if is_known else self.faults.get(gauge.name, figure.detail),
            weight=gauge.weight if counts else 0.0,
        )

    # In the threads

    def _go_round(self, group: Sequence[Gauge], first: threading.Event) -> None:
        before: Look | None = None
        try:
            while not self.ending.is_set():
                look = Look(database(self.alias), self.tables, tuple(self.own), before)
                self._read_all(group, look)
                if not any(gauge.is_remote for gauge in group):
                    self._note_others(look)
                    first.set()
                look.before, before = None, look if look.has_figures else None
                self._read_lags(group, look)
        finally:
            close_connections()

    def _read_all(self, group: Sequence[Gauge], look: Look) -> None:
        for gauge in group:
            with self.turn:
                self.tried.setdefault(gauge.name, self.clock())
            try:
                figure = as_figure(gauge.read(look))
            except Exception as error:
                self._note_fault(gauge, error, look)
            else:
                self._note(gauge, figure)
        for connection in connections.all(initialized_only=True):  # of this thread
            with suppress(NotSupportedError):  # a probe may ask a database that runs cannot work on
                self._note_session(database(connection.alias))

    def _note_session(self, db: Database) -> None:
        session = db.own_session()
        if session is not None:
            self.own.add(session)

    def _note_others(self, look: Look) -> None:
        if not self.has_sessions:
            return
        with suppress(Exception):  # the gauges have told; until it can be asked again, it is as it was
            self.others_at_work = bool(look.figures["others_at_work"])

    def _read_lags(self, group: Sequence[Gauge], look: Look) -> None:
        """Wait for the next round; where there are standbys, look after them meanwhile."""
        lags = [gauge for gauge in group if gauge.is_lag and gauge.needs_sessions and gauge.name in self.taken]
        until = self.clock() + INTERVAL_SECONDS
        while (left := until - self.clock()) > 0:
            if self.ending.wait(min(left, LAG_INTERVAL_SECONDS if lags else INTERVAL_SECONDS)):
                return
            if lags and self.clock() < until:
                self._read_all(lags, Look(look.db))

    def _note(self, gauge: Gauge, figure: Figure) -> None:
        with self.turn:
            self.faults.pop(gauge.name, None)
            if figure.value is None:
                self.absent.add(gauge.name)
                self.taken.pop(gauge.name, None)
                self.tried.pop(gauge.name)
                return
            self.absent.discard(gauge.name)
            self.taken[gauge.name] = (self.clock(), figure)

    def _note_fault(self, gauge: Gauge, error: Exception, look: Look) -> None:
        words = str(error) if isinstance(error, CannotRead) else look.db.describe(error)
        with self.turn:
            self.absent.discard(gauge.name)
            self.faults[gauge.name] = words
        if gauge.is_remote or look.db.is_lost_connection(error):
            connections.close_all()  # of this thread; the next round opens others


def close_connections() -> None:
    """Close what this thread has opened, also by its probes. SQLite's own close() would keep an in-memory one."""
    for connection in connections.all(initialized_only=True):
        BaseDatabaseWrapper.close(connection)


def as_figure(found: "float | Figure | None") -> Figure:
    """Return what a gauge has read with a number, whatever kind of number it was."""
    figure = found if isinstance(found, Figure) else Figure(found)
    if figure.value is None:
        return figure
    value = float(figure.value)
    if not math.isfinite(value):
        raise CannotRead("the value is not finite")
    return Figure(value, figure.detail)
