"""What is known of the runs of a database, read from its ledger, for the conditions to judge."""

import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from shutil import disk_usage
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now

from ..conf import setting
from ..databases import database
from ..load.windows import OUTSIDE
from ..models import Event, Run, Wish
from ..overview import RunOverview, StepOverview, progress_of, read_runs
from ..runs import lease
from ..states import IN_HAND, UNFINISHED, Direction, JournalState, RunStatus, StepStatus, WishAction
from .conditions import CONDITIONS, Facts

LOOKED_BACK = timedelta(days=7)  # for runs that ended with something to tell, and that nobody has told
BY_OPERATOR = "paused by"  # how a pause that an operator wished for is written down
IDLE = {RunStatus.INTERRUPTED, RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.DONE, RunStatus.UNDONE}


def runs_to_look_at(alias: str, expiring_days: float) -> list[int]:
    """Return the open runs, those whose alerts may be over, and those that ended with something to tell."""
    kept = timedelta(days=setting("RETENTION_DAYS"))
    lasting = [name for name, condition in CONDITIONS.items() if condition.lasts]
    told = Q(alerts__resolved_at=None, alerts__condition__in=lasting, alerts__first_at__gt=Now() - kept)
    counted = Q(steps__rows_failed__gt=0) | Q(steps__rows_conflicting__gt=0)
    ended = Q(finished_at__gt=Now() - LOOKED_BACK) & counted
    soon = Q(
        status=RunStatus.DONE, direction=Direction.FORWARDS, finished_at__lt=Now() - kept + timedelta(expiring_days)
    )
    soon &= Q(finished_at__gt=Now() - kept - LOOKED_BACK, steps__journals__state=JournalState.KEPT)
    wanted = Q(status__in=[*UNFINISHED, RunStatus.UNDOING]) | told | ended | soon
    return list(Run.objects.using(alias).filter(wanted).order_by("pk").values_list("pk", flat=True).distinct())


def read_facts(alias: str, runs: Sequence[int]) -> Iterator[tuple[Facts, datetime]]:
    """Yield what is known of each of ``runs``, and the time of the database at which it is."""
    for number in runs:
        found = read_runs(alias, run=number)
        record = Run.objects.using(alias).filter(pk=number).annotate(now=Now()).first()
        if found and record is not None:
            yield _facts(record, found[0], alias), record.now


def _facts(record: Run, run: RunOverview, alias: str) -> Facts:
    now: datetime = record.now  # type: ignore[attr-defined]  # annotated
    if run.status == RunStatus.INTERRUPTED and record.status in IN_HAND and _is_silent_only(record, alias):
        run = replace(run, status=record.status)
    is_in_hand = run.status in IN_HAND
    course = _course(run, alias) if is_in_hand else []
    room = Room.of(run, alias) if is_in_hand else Room()
    return Facts(
        run=run,
        percent=progress_of(run).percent,
        worked_seconds=_worked_seconds(run, course, now),
        alert_after_seconds=_alert_after_seconds(record, alias),
        waiting_since=_waiting_since(run, course, alias),
        journal_bytes=room.needed,
        free_bytes=room.free,
        disk_percent=room.percent,
    )


def _is_silent_only(record: Run, alias: str) -> bool:
    """
    Return whether the run's lease has run out while its process lives.

    So it is in this process, which should know; and of a process of this host where nobody renews the lease beside a
    long statement (SQLite).
    """
    owner = record.owner
    lives = owner.get("host") == socket.gethostname() and not lease.process_is_gone(owner)
    return lives and (owner.get("pid") == os.getpid() or not database(alias).has_parallel_writers)


def _alert_after_seconds(record: Run, alias: str) -> float:
    """Return what an operator has set for the run, else what its migration says, else the project's setting."""
    wishes = Wish.objects.using(alias).filter(run_id=record.pk, action=WishAction.SET).order_by("-pk")
    for options in wishes.values_list("options", flat=True):
        if "ALERT_AFTER_SECONDS" in options:
            return float(options["ALERT_AFTER_SECONDS"])
    if record.alert_after_seconds is not None:
        return record.alert_after_seconds
    return float(setting("ALERT_AFTER_SECONDS"))


@dataclass(frozen=True)
class Stretch:
    """A time from which on the run was in one status, with its reason; until the next one begins."""

    at: datetime
    status: str
    text: str

    @property
    def is_idle(self) -> bool:
        """Return whether it did nothing by intent, or was in nobody's hands."""
        return self.status in IDLE or (
            self.status == RunStatus.PAUSED and self.text.startswith((OUTSIDE, BY_OPERATOR, "was stopped"))
        )


def _course(run: RunOverview, alias: str) -> list[Stretch]:
    """Return the statuses that the run went through; from the last sign of a process that died, it was interrupted."""
    events = Event.objects.using(alias).filter(run_id=run.id)
    found: list[Stretch] = []
    for event in events.filter(kind__in=["status", "resumed"]).order_by("pk"):
        if event.kind == "status":
            found.append(Stretch(event.at, event.facts.get("status", ""), event.text))
            continue
        last = events.filter(pk__lt=event.pk).order_by("-pk").first()
        if last is not None and not (found and found[-1].is_idle):
            found.append(Stretch(last.at, RunStatus.INTERRUPTED, ""))
        found.append(Stretch(event.at, RunStatus.RUNNING, ""))
    return found


def _worked_seconds(run: RunOverview, course: Sequence[Stretch], now: datetime) -> float:
    if run.started_at is None or not course:
        return 0.0
    ends = [*(stretch.at for stretch in course[1:]), now]
    return sum(
        (end - stretch.at).total_seconds() for stretch, end in zip(course, ends, strict=True) if not stretch.is_idle
    )


def _waiting_since(run: RunOverview, course: Sequence[Stretch], alias: str) -> datetime | None:
    """Return since when the run has waited, whatever the reason was meanwhile."""
    if run.status == RunStatus.PAUSED:
        since = None
        for stretch in reversed(course):
            if stretch.status != RunStatus.PAUSED:
                break
            since = stretch.at
        return since
    if run.status == RunStatus.RUNNING and run.waiting:
        waits = Event.objects.using(alias).filter(run_id=run.id, kind="wait")
        return waits.order_by("-pk").values_list("at", flat=True).first()
    return None


@dataclass(frozen=True)
class Room:
    """What the rollback data of the step in hand still needs, and what its disk has; None for what is not known."""

    needed: int | None = None
    free: int | None = None
    percent: float | None = None

    @classmethod
    def of(cls, run: RunOverview, alias: str) -> "Room":
        folder = database(alias).data_directory()
        if folder is None:
            return cls()
        try:
            usage = disk_usage(folder)
        except OSError:
            return cls()
        in_hand = next((step for step in run.steps if step.status != StepStatus.DONE), None)
        needed = None if in_hand is None else _needed(run, in_hand, alias)
        return cls(needed, usage.free, 100 * (usage.total - usage.free) / usage.total)


def _needed(run: RunOverview, step: StepOverview, alias: str) -> int | None:
    """Return the forecast of the step, less the share that is written by now."""
    forecasts = Event.objects.using(alias).filter(run_id=run.id, kind="forecast").order_by("-pk")
    facts: dict[str, Any] | None = forecasts.values_list("facts", flat=True).first()
    if facts is None or facts.get("rows") != step.total or facts.get("journal_bytes") is None:
        return None
    left = 1 - step.seen / step.total if step.total else 1.0
    return round(float(facts["journal_bytes"]) * left)
