"""The key ranges of a run's steps. Their bounds are keys of rows, as ``migration_status`` shows keys too."""

from dataclasses import dataclass
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from ..models import KeyRange
from ..runs import lease
from ..states import StepKind
from .runs import key_text

MOST = 200


@dataclass(frozen=True)
class RangeOverview:
    """
    A part of a step. ``low`` and ``upper`` are "" where it is open; ``checkpoint`` is "" before its first batch.

    Of an undo they are numbers of batches. ``owner`` is the worker that has it, "" if none.
    """

    step: int
    number: int
    low: str
    upper: str
    checkpoint: str
    status: str
    owner: str
    heartbeat_seconds: float | None
    batches: int
    seen: int
    rows: int


def read_ranges(run: int, alias: str, most: int = MOST) -> list[RangeOverview]:
    """Return the ranges of a run's steps, the newest step first, at most so many; one query."""
    age = ExpressionWrapper(Now() - F("heartbeat"), output_field=DurationField())
    ranges = KeyRange.objects.using(alias).filter(step__run_id=run).select_related("step").annotate(age=age)
    return [_read(each) for each in ranges.order_by("-step__number", "number")[:most]]


def _read(place: Any) -> RangeOverview:
    low, upper, checkpoint = (
        "" if key is None else key_text(key) for key in (place.low, place.upper, place.checkpoint)
    )
    has_begun = place.step.kind == StepKind.RESTORE or place.checkpoint != place.low
    return RangeOverview(
        step=place.step.number, number=place.number, low=low, upper=upper,
        checkpoint=checkpoint if has_begun else "", status=place.status,
        owner=lease.owner_in_words(place.owner) if place.owner else "",
        heartbeat_seconds=None if place.age is None else place.age.total_seconds(),
        batches=place.batches, seen=place.rows_seen, rows=place.rows_done,
    )  # fmt: skip
