"""
What a run has waited for, and how long: by the events of its waits and changes of status.

Causes are few, so that they can be added up; reasons are as they were told. Pauses of less than a second between two
batches have no event, and are not among them.
"""

import heapq
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models.functions import Now

from ..models import Event, Run
from ..states import RunStatus

MOST_SHOWN = 200  # waits, the longest; all of them are added up
UNATTENDED = "no process had it"
CAUSES = (
    (re.compile(r"paused by "), "an operator"),
    (re.compile(r"outside its window"), "its window"),
    (re.compile(r"was stopped|is outside its window"), UNATTENDED),
    (re.compile(r"no reading of (\S+)"), "no reading of {}"),
    (re.compile(r"waiting for a lock"), "a lock"),
    (re.compile(r"(\S+)(?: \(.*\))? at \S"), "{}"),
    (re.compile(r".+ is .+ behind"), "lag of a standby"),
)
LEFT = (RunStatus.INTERRUPTED, RunStatus.FAILED, RunStatus.CANCELLED)  # a process will have to take it up again


@dataclass(frozen=True)
class Wait:
    """One wait. ``ended_at`` is None while it lasts; ``seconds`` are those until now then."""

    cause: str
    reason: str
    began_at: datetime
    ended_at: datetime | None
    seconds: float


@dataclass(frozen=True)
class LostTime:
    """The time that was lost for one cause, in so many waits."""

    cause: str
    seconds: float
    waits: int


@dataclass(frozen=True)
class Waits:
    """``lost`` is all there was, the longest first; ``shown`` are the longest waits, in order."""

    lost: tuple[LostTime, ...]
    shown: tuple[Wait, ...]


@dataclass(frozen=True)
class Moment:
    """An event, as far as waits begin or end with it. ``before`` is the time of the event before a takeover."""

    at: datetime
    kind: str
    text: str = ""
    status: str = ""
    before: datetime | None = None


def read_waits(run: int, alias: str) -> Waits:
    """Return what the run waited for so far; two queries, and one more for each time that it was taken over."""
    record = Run.objects.using(alias).annotate(now=Now()).get(pk=run)
    until: datetime = record.finished_at or record.now
    waits = waits_of(_moments(run, alias), until, is_open=record.finished_at is None)
    return _summed(waits)


def waits_of(moments: Iterable[Moment], until: datetime, is_open: bool = True) -> Iterator[Wait]:
    """Yield the waits that ``moments`` tell of, in order; one that has not ended lasts ``until``, and on if it may."""
    waiting: Moment | None = None
    for moment in moments:
        if waiting is None and moment.kind == "resumed" and moment.before is not None:
            waiting = replace(moment, at=moment.before, text=UNATTENDED)  # its process was killed, and could not tell
        if waiting is not None:
            if _cause(moment) is not None and _cause(moment) == _cause(waiting):
                continue  # the same wait, in other words
            yield _wait(waiting, moment.at, moment.at)
        waiting = moment if _cause(moment) is not None else None
    if waiting is not None and _cause(waiting) != UNATTENDED:  # whether it is ever taken up again nobody knows
        yield _wait(waiting, until, None if is_open else until)


def _wait(waiting: Moment, until: datetime, ended_at: datetime | None) -> Wait:
    seconds = max(0.0, (until - waiting.at).total_seconds())
    return Wait(_cause(waiting) or UNATTENDED, waiting.text or waiting.status, waiting.at, ended_at, seconds)


def _cause(moment: Moment) -> str | None:
    """Return what is waited for from this moment on; None if nothing is."""
    if moment.kind == "wait" or moment.status == RunStatus.PAUSED:
        return cause_of(moment.text)
    return UNATTENDED if moment.status in LEFT or moment.text == UNATTENDED else None


def cause_of(reason: str) -> str:
    """Return what a reason is about, without its figures: "cpu at 93 %, limit 90 %" is about "cpu"."""
    plain = re.sub(r"^(waiting|slowed|held): ", "", reason) if not reason.startswith("waiting for") else reason
    for pattern, words in CAUSES:
        if found := pattern.match(plain):
            return words.format(*found.groups())
    return plain or "something else"


def _moments(run: int, alias: str) -> Iterator[Moment]:
    events = Event.objects.using(alias).filter(run_id=run)
    found = events.filter(kind__in=["status", "resumed", "wait", "waited"]).order_by("pk")
    for event in found.values("pk", "at", "kind", "text", "facts").iterator(chunk_size=500):
        yield Moment(
            event["at"], event["kind"], event["text"], event["facts"].get("status", ""), _before(event, events)
        )


def _before(event: Mapping[str, Any], events: Any) -> datetime | None:
    if event["kind"] != "resumed":
        return None
    found: datetime | None = events.filter(pk__lt=event["pk"]).order_by("-pk").values_list("at", flat=True).first()
    return found


def _summed(waits: Iterable[Wait]) -> Waits:
    lost: dict[str, tuple[float, int]] = {}
    longest: list[tuple[float, int, Wait]] = []
    for number, wait in enumerate(waits):
        seconds, count = lost.get(wait.cause, (0.0, 0))
        lost[wait.cause] = (seconds + wait.seconds, count + 1)
        place = (wait.seconds, number, wait)
        heapq.heappush(longest, place) if len(longest) < MOST_SHOWN else heapq.heappushpop(longest, place)
    summed = [LostTime(cause, seconds, count) for cause, (seconds, count) in lost.items()]
    return Waits(
        tuple(sorted(summed, key=lambda each: -each.seconds)),
        tuple(wait for _, _, wait in sorted(longest, key=lambda place: place[1])),
    )
