"""
How a run went by the clock, for charts: rate, batch size and gauges, from the events of its progress.

However long it was, a few hundred points come out of the database: every so many-th event, and always the newest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from ..models import Event

MOST_POINTS = 300


@dataclass(frozen=True)
class Point:
    """
    One moment of a run. ``rate`` is in rows a second since the point before, of the same step; else None.

    ``gauges`` are value and limit by name.
    """

    at: datetime
    step: int
    seen: int
    rate: float | None
    batch_size: int | None
    workers: int | None
    gauges: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Series:
    """The points in order of time, and the units of the gauges by name. ``every`` is how many events one stands for."""

    points: tuple[Point, ...] = ()
    units: dict[str, str] = field(default_factory=dict)
    every: int = 1


def read_series(run: int, alias: str, most: int = MOST_POINTS) -> Series:
    """Return the progress of a run in at most ``most`` points; two queries."""
    ticks = Event.objects.using(alias).filter(run_id=run, kind="progress")
    every = max(1, -(-ticks.count() // most))
    numbered = ticks.annotate(place=Window(RowNumber(), order_by=F("pk").desc()))
    kept = numbered.annotate(rest=F("place") % every).filter(rest=1 % every).order_by("-pk")
    rows = list(kept.values_list("at", "facts")[:most])[::-1]
    return Series(tuple(_points(rows)), _units(rows), every)


def _points(rows: Sequence[tuple[datetime, dict[str, Any]]]) -> list[Point]:
    found: list[Point] = []
    for at, facts in rows:
        before = found[-1] if found else None
        step, seen = facts.get("step", 0), facts.get("seen", 0)
        gauges = {name: (value, limit) for name, (value, limit, _) in facts.get("gauges", {}).items()}
        found.append(
            Point(at, step, seen, _rate(before, at, step, seen), facts.get("batch_size"), facts.get("workers"), gauges)
        )
    return found


def _rate(before: Point | None, at: datetime, step: int, seen: int) -> float | None:
    if before is None or before.step != step or seen < before.seen:
        return None
    seconds = (at - before.at).total_seconds()
    return round((seen - before.seen) / seconds, 1) if seconds > 0 else None


def _units(rows: Sequence[tuple[datetime, dict[str, Any]]]) -> dict[str, str]:
    return {name: unit for _, facts in rows for name, (_, _, unit) in facts.get("gauges", {}).items()}
