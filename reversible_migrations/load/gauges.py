"""
The gauges: what is read of the host, the database and the user's own systems, each against a limit.

A gauge of a project's own is a small class, named by its dotted path in the setting ``GAUGES``:

    class QueueLength(Gauge):
        name, unit, limit = "queue", "jobs", 1_000

        def read(self, look):
            return redis.llen("jobs")

At half its limit a run goes on as before, from 0.7 of it on it slows down, at the limit it waits.
What the setting names is read in a thread of its own, so that it may take its time.
"""

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from django.utils.module_loading import import_string

from ..databases.base import Database, Lag

Answer = TypeVar("Answer")


class CannotRead(Exception):
    """Why a gauge cannot be read. Its words are shown to people, so they hold no values of rows."""


@dataclass(frozen=True)
class Figure:
    """What a gauge reads. ``detail`` names what it is of: "standby s1"."""

    value: float | None
    detail: str = ""


@dataclass
class Look:
    """One look at everything: what the gauges of one round read from, so that the database is asked once."""

    db: Database
    tables: Sequence[str] = ()  # quoted; those that the run changes
    own: Collection[int] = ()  # the run's own sessions
    before: "Look | None" = field(default=None, repr=False)  # the look before, for what is measured over time
    faults: dict[str, Exception] = field(default_factory=dict)  # by question

    @cached_property
    def figures(self) -> dict[str, Any]:
        return self._asked("figures", lambda: self.db.load_figures(self.tables, self.own))

    @cached_property
    def lags(self) -> list[Lag]:
        return self._asked("lags", self.db.replica_lags)

    @cached_property
    def sessions(self) -> dict[str, Any]:
        """The figures, for what takes the sight of other sessions; those of the same role can always be seen."""
        if self.figures["hidden_sessions"]:
            raise CannotRead("the role may not see the sessions of other roles: grant it pg_monitor")
        return self.figures

    @property
    def has_figures(self) -> bool:
        return "figures" in self.__dict__

    def _asked(self, name: str, question: Callable[[], Answer]) -> Answer:
        """Ask the database, unless it failed to answer this in this round already, or is not there."""
        if name in self.faults:
            raise self.faults[name]
        try:
            return question()
        except Exception as error:
            lost = self.db.is_lost_connection(error)
            self.faults.update(dict.fromkeys(["figures", "lags"] if lost else [name], error))
            raise


class Gauge:
    """
    Something that is read and has a limit.

    ``read`` returns a number, a ``Figure``, or None where there is nothing to read; what it raises makes the
    gauge blind, with the type of the error as the reason, or the words of a ``CannotRead``. A gauge with
    ``is_lag`` stops a run when it is blind, others hold its pace. ``weight`` 0: it is shown, and counts once
    ``LIMITS`` names it.
    ``is_own_too``: the run itself drives it up, so that it counts only while others are at work.
    """

    name: str = ""
    unit: str = ""
    limit: float = 1.0
    is_lag: bool = False
    weight: float = 1.0
    is_own_too: bool = False
    needs_sessions: bool = False  # whether it asks the database about other sessions
    is_remote: bool = False  # whether it is read in a thread of its own, as all that ``GAUGES`` names are

    def read(self, look: Look) -> "float | Figure | None":
        raise NotImplementedError


class ActiveSessions(Gauge):
    """Other sessions at work on the server at this moment. 40: what a small server carries; set it to your own."""

    name, unit, limit = "active_sessions", "sessions", 40
    needs_sessions = True

    def read(self, look: Look) -> float:
        return float(look.sessions["active_sessions"])


class LockWaiters(Gauge):
    """Other sessions on this database that wait for a lock. 5: more than chance, whoever holds it."""

    name, unit, limit = "lock_waiters", "sessions", 5
    needs_sessions = True

    def read(self, look: Look) -> float:
        return float(look.sessions["lock_waiters"])


class ReplicaLag(Gauge):
    """How long the slowest standby's replay is behind. 10 s: reads from it are still fresh enough for most."""

    name, unit, limit = "replica_lag", "s", 10.0
    is_lag, needs_sessions = True, True

    def read(self, look: Look) -> Figure | None:
        return _worst([(lag.seconds, lag) for lag in look.lags])


class ReplicaLagBytes(Gauge):
    """How much WAL the slowest standby or logical slot in use has not replayed. 256 MB: some seconds of a fast disk."""

    name, unit, limit = "replica_lag_bytes", "bytes", 256e6
    is_lag, needs_sessions = True, True

    def read(self, look: Look) -> Figure | None:
        return _worst([(lag.bytes, lag) for lag in look.lags])


class Busy(Gauge):
    """
    The share of its time that a run waited for others to let go of an SQLite file. 50 %: they need it as much.

    The run notes how long it was held up. Whoever is held up by others leaves them room: see ``is_shared``.
    """

    name, unit, limit = "busy", "%", 50.0
    KEPT = 0.8  # of what was known, with each batch
    SHARED_FROM = 5.0  # % of the time; less may be the statement itself

    def __init__(self) -> None:
        self.waited = self.worked = 0.0

    def note(self, waited_seconds: float, seconds: float) -> None:
        self.waited = self.KEPT * self.waited + waited_seconds
        self.worked = self.KEPT * self.worked + seconds

    @property
    def percent(self) -> float:
        return 100 * self.waited / self.worked if self.worked else 0.0

    def read(self, look: Look) -> float:
        return self.percent


def _worst(lags: Sequence[tuple[float | None, Lag]]) -> Figure | None:
    if any(lag.is_hidden for _, lag in lags):
        raise CannotRead("the role may not see standbys: grant it pg_monitor")
    known = [(value, lag.name) for value, lag in lags if value is not None]
    if not known:
        return None
    value, name = max(known)
    return Figure(value, name if name.startswith("slot ") else f"standby {name}")


class OldestTransaction(Gauge):
    """How long another transaction has been open: rows changed since cannot be vacuumed. Shown only."""

    name, unit, limit = "oldest_transaction", "s", 3600.0
    needs_sessions, weight = True, 0.0

    def read(self, look: Look) -> float:
        return float(look.sessions["oldest_transaction"])


class WalRate(Gauge):
    """
    WAL written, as a share of what ``max_wal_size`` allows per ``checkpoint_timeout``. Shown only.

    Above 100 % checkpoints come by size instead of by time. A patch on an idle server gets there by itself and
    harms nobody; give it a limit where its writes compete with others'.
    """

    name, unit, limit = "wal_rate", "%", 100.0
    needs_sessions, weight = True, 0.0

    def read(self, look: Look) -> float | None:
        now, before = look.figures, look.before.figures if look.before else None
        if before is None or now["wal_bytes"] is None or now["at"] <= before["at"]:
            return None
        rate = (now["wal_bytes"] - before["wal_bytes"]) / (now["at"] - before["at"])
        return float(100 * rate * now["checkpoint_seconds"] / now["max_wal_bytes"])


class DeadTuples(Gauge):
    """Dead rows of the run's tables, as a share of the live ones, and whether they are being vacuumed. Shown only."""

    name, unit, limit = "dead_tuples", "%", 100.0
    needs_sessions, weight = True, 0.0

    def read(self, look: Look) -> Figure | None:
        share = look.figures["dead_tuples"]
        if share is None:
            return None
        return Figure(float(share), "being vacuumed" if look.figures["vacuums"] else "")


DATABASE_GAUGES: list[type[Gauge]] = [
    ActiveSessions, LockWaiters, ReplicaLag, ReplicaLagBytes, OldestTransaction, WalRate, DeadTuples,
]  # fmt: skip


def build_gauges(db: Database, limits: Mapping[str, float | None], extra: Sequence[Any]) -> list[Gauge]:
    """
    Return the gauges of a run on ``db``: the built-in ones that make sense there, then ``extra``.

    ``limits`` overrides the limits by name and makes gauges count that are only shown; None switches one off.
    ``extra`` holds dotted paths, or dicts with the path as "gauge" and its arguments. Raise ``ValueError`` for a
    name or path that is not known, a limit that is no number, or a name that is given twice.
    """
    from .host import DiskUsed, host_gauges

    built_in: list[Gauge] = [*host_gauges(db), *(kind() for kind in DATABASE_GAUGES)]
    gauges = [gauge for gauge in built_in if db.has_sessions or not gauge.needs_sessions]
    gauges += [] if db.has_sessions else [Busy()]
    gauges += [extra_gauge(given) for given in extra]
    names = [gauge.name for gauge in gauges]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"there are two gauges {twice[0]!r}")
    # Also those that are not here: the same settings are for other databases too.
    check_limits(limits, {Busy.name, DiskUsed.name, *names, *(gauge.name for gauge in built_in)})
    for gauge in gauges:
        if (limit := limits.get(gauge.name)) is not None:
            gauge.limit, gauge.weight = float(limit), gauge.weight or 1.0
    return [gauge for gauge in gauges if limits.get(gauge.name, 0) is not None]


def check_limits(limits: Mapping[str, float | None], known: Collection[str]) -> None:
    for name, limit in limits.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, 1) or sorted(known)
            raise ValueError(f"there is no gauge {name!r}; known are {', '.join(near)}")
        if limit is not None and not is_number(limit):
            raise ValueError(f"the limit of the gauge {name!r} must be a number or None, not {limit!r}")


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def extra_gauge(given: Any) -> Gauge:
    """Return the gauge that an entry of ``GAUGES`` describes; raise ``ValueError`` if it describes none."""
    arguments = dict(given) if isinstance(given, Mapping) else {"gauge": given}
    path = str(arguments.pop("gauge", ""))
    try:
        kind = import_string(path if "." in path else f"{__package__}.probes.{path}")
    except ImportError as error:
        raise ValueError(f"{path!r} cannot be imported: {error}") from None
    if not (isinstance(kind, type) and issubclass(kind, Gauge)):
        raise ValueError(f"{path!r} is no Gauge")
    try:
        gauge = kind(**arguments)
    except TypeError as error:
        raise ValueError(f"{path!r} does not take these arguments: {error}") from None
    if not gauge.name or not isinstance(gauge.name, str):
        raise ValueError(f"the gauge {path!r} has no name")
    if not is_number(gauge.limit):
        raise ValueError(f"the limit of the gauge {gauge.name!r} must be a number, not {gauge.limit!r}")
    gauge.is_remote = True  # nobody knows how long it takes
    return gauge
