"""
When people have to be told of a run: pure functions of what is known of it, the limits, and the time.

A condition gives a ``Sign`` while it is met. One that ``lasts`` ends some day, and its end is told too; of the
others, which are facts that stay, nothing more is said.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..load.estimates import size
from ..load.windows import OUTSIDE
from ..overview import RunOverview
from ..progress import words
from ..states import AlertLevel, Direction, RunStatus


@dataclass(frozen=True)
class Limits:
    """
    From where on a condition is met.

    ``slow_percent`` of the rows after ``ALERT_AFTER_SECONDS`` of work, ``very_slow_percent`` after twice as long:
    with 1,800 s, less than 50 % after half an hour is slow, and less than 80 % after an hour very slow.
    """

    slow_percent: float = 50
    very_slow_percent: float = 80
    waiting_seconds: float = 3600
    quarantined_rows: int = 1
    disk_percent: float = 90
    expiring_days: float = 3


@dataclass(frozen=True)
class Facts:
    """
    What is known of a run. ``worked_seconds`` are without pauses by operators and windows, and without the time in
    nobody's hands; ``percent`` is None where the rows are not known. What cannot be known of the disk is None.
    """

    run: RunOverview
    percent: int | None = None
    worked_seconds: float = 0.0
    alert_after_seconds: float = 1800
    waiting_since: datetime | None = None
    journal_bytes: int | None = None
    free_bytes: int | None = None
    disk_percent: float | None = None

    @property
    def failed_rows(self) -> int:
        return sum(step.failed for step in self.run.steps)

    @property
    def conflicting_rows(self) -> int:
        return sum(step.conflicting for step in self.run.steps)


@dataclass(frozen=True)
class Sign:
    """
    What is to be told, as a sentence. ``level`` goes before the condition's own.

    ``size`` is how much of it there is: told again when it has grown tenfold.
    """

    text: str
    level: AlertLevel | None = None
    size: int = 0


Look = Callable[[Facts, Limits, datetime], Sign | None]


@dataclass(frozen=True)
class Condition:
    """``title`` and ``over`` go behind a migration's name: "shop.0007_tidy is slow", "... is no longer slow"."""

    name: str
    level: AlertLevel
    title: str
    over: str
    look: Look | None = None
    lasts: bool = True


def slow(facts: Facts, limits: Limits, now: datetime) -> Sign | None:
    return _behind(facts, 1, limits.slow_percent)


def very_slow(facts: Facts, limits: Limits, now: datetime) -> Sign | None:
    """Nothing is said where the rows are not known: an index on a large table takes hours, at no percentage."""
    return None if facts.percent is None else _behind(facts, 2, limits.very_slow_percent)


def _behind(facts: Facts, times: int, percent: float) -> Sign | None:
    run = facts.run
    if (
        run.status not in (RunStatus.RUNNING, RunStatus.PAUSED)
        or facts.worked_seconds < times * facts.alert_after_seconds
    ):
        return None
    if facts.percent is None:
        return Sign(f"It has worked for {words.duration(facts.worked_seconds)}; how far it is cannot be told.")
    if facts.percent >= percent:
        return None
    return Sign(f"It has worked for {words.duration(facts.worked_seconds)} and is at {facts.percent} %.")


def failed(facts: Facts, limits: Limits, now: datetime) -> Sign | None:
    if facts.run.status != RunStatus.FAILED:
        return None
    return Sign(facts.run.error or "An error ended it.")


def interrupted(facts: Facts, limits: Limits, now: datetime) -> Sign | None:
    run = facts.run
    if run.status != RunStatus.INTERRUPTED:
        return None
    beat = (
        "" if run.heartbeat_seconds is None else f"; its last heartbeat was {words.duration(run.heartbeat_seconds)} ago"
    )
    return Sign(f"It is in nobody's hands: {run.owner or 'its process'} has stopped{beat}.")


def waiting(facts: Facts, limits: Limits, now: datetime) -> Sign | None:
    """Nothing is said of a run that waits for its window: that is what it was told to do."""
    run, since = facts.run, facts.waiting_since
    if since is None or run.status not in (RunStatus.RUNNING, RunStatus.PAUSED) or run.waiting.startswith(OUTSIDE):
        return None
    seconds = (now - since).total_seconds()
    if seconds < limits.waiting_seconds:
        return None
    return Sign(f"It has been waiting for {words.duration(seconds)}: {run.waiting or 'it does not say for what'}.")


def conflicts(facts: Facts, limits: Limits, now: datetime) -> Sign | None:
    rows = facts.conflicting_rows
    if facts.run.direction != Direction.BACKWARDS or not rows:
        return None
    return Sign(f"The undo found {words.rows(rows)} changed since, and listed them.", size=rows)


def quarantine(facts: Facts, limits: Limits, now: datetime) -> Sign | None:
    rows = facts.failed_rows
    if rows < max(1, limits.quarantined_rows) or facts.run.status in (RunStatus.UNDONE, RunStatus.UNDOING):
        return None
    retry = f"`manage.py control_migration {facts.run.id} retry-quarantined`"
    return Sign(f"{words.rows(rows)} failed and were set aside. {retry} tries them again.", size=rows)


def disk(facts: Facts, limits: Limits, now: datetime) -> Sign | None:
    """Critical where the rest of the rollback data is known not to fit."""
    if facts.run.status not in (RunStatus.RUNNING, RunStatus.PAUSED):
        return None
    if facts.journal_bytes is not None and facts.free_bytes is not None and facts.journal_bytes > facts.free_bytes:
        needed, free = size(facts.journal_bytes), size(facts.free_bytes)
        return Sign(f"The rest of its rollback data needs about {needed}, and {free} are free.", AlertLevel.CRITICAL)
    if facts.disk_percent is not None and facts.disk_percent >= limits.disk_percent:
        return Sign(f"The disk of the database is used to {facts.disk_percent:.0f} %.")
    return None


def expiring(facts: Facts, limits: Limits, now: datetime) -> Sign | None:
    """Nothing is said in the first half of the time: where that is short, everything would be about to expire."""
    run = facts.run
    ends = [journal.expires_at for journal in run.journals if journal.expires_at is not None]
    if run.status != RunStatus.DONE or run.rollback != "possible" or not ends or run.finished_at is None:
        return None
    end = min(ends)
    if end - now > min(timedelta(days=limits.expiring_days), (end - run.finished_at) / 2):
        return None
    return Sign(f"It can be undone until {end:%Y-%m-%d %H:%M}; `purge_rollback_data` may drop what it takes then.")


def mismatch(faults: int, what: str) -> Sign:
    """Return what to tell of ``faults`` of a whole database: "2 faults were found: tables, journals."."""
    number = "1 fault was" if faults == 1 else f"{faults:,} faults were"
    return Sign(f"{number} found{what}.", size=faults)


INFO, WARNING, CRITICAL = AlertLevel.INFO, AlertLevel.WARNING, AlertLevel.CRITICAL

CONDITIONS: Mapping[str, Condition] = {
    condition.name: condition
    for condition in (
        Condition("slow", WARNING, "is slow", "is no longer slow", slow),
        Condition("very_slow", CRITICAL, "is very slow", "is no longer very slow", very_slow),
        Condition("failed", CRITICAL, "has failed", "is no longer failed", failed),
        Condition("interrupted", CRITICAL, "was interrupted", "is no longer interrupted", interrupted),
        Condition("waiting", WARNING, "waits too long", "no longer waits", waiting),
        Condition("conflicts", WARNING, "met rows changed since", "", conflicts, lasts=False),
        Condition("quarantine", WARNING, "sets rows aside", "has no rows set aside any more", quarantine),
        Condition("disk", WARNING, "may run out of disk", "has room on the disk again", disk),
        Condition("expiring", INFO, "can soon not be undone", "", expiring, lasts=False),
        Condition("mismatch", CRITICAL, "does not verify", "verifies again"),  # of a database; told by who verifies
    )
}


def signs(facts: Facts, limits: Limits, now: datetime) -> dict[str, Sign]:
    """Return what is to be told of a run, by the names of the conditions."""
    found = {name: each.look(facts, limits, now) for name, each in CONDITIONS.items() if each.look is not None}
    return {name: sign for name, sign in found.items() if sign is not None}
