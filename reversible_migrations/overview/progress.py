"""How far a run is, all its known steps together: the one count for messages, alerts and pages. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..states import RunStatus, StepStatus
from .runs import RunOverview, StepOverview

FINISHED = (RunStatus.DONE, RunStatus.UNDONE)


@dataclass(frozen=True)
class Progress:
    """``processed`` of ``total`` rows are looked at; ``rows`` were changed. What is not known is None."""

    percent: int | None
    processed: int
    total: int | None
    total_is_estimate: bool
    rows: int


def progress_of(run: RunOverview) -> Progress:
    """
    Return how far ``run`` is.

    A step of 1,000 rows that is done and one that has looked at 500 of 3,000 are 1,500 of 4,000 rows: 37 percent. There
    is no total, and no percent, while a step in hand has none. A run that is not done is at 99 percent at most.
    """
    total = total_of(run.steps)
    processed = sum(step.seen for step in run.steps)
    percent = None if not total else min(99, 100 * processed // total)
    return Progress(
        percent=100 if run.status in FINISHED else percent,
        processed=processed,
        total=total,
        total_is_estimate=total is not None and any(step.total_is_estimate for step in run.steps if is_open(step)),
        rows=sum(step.rows for step in run.steps),
    )


def total_of(steps: Sequence[StepOverview]) -> int | None:
    """Return the rows that ``steps`` look at; a step that is done had as many as it has seen."""
    totals = [step.total if is_open(step) else step.seen for step in steps]
    return None if None in totals or not totals else sum(total or 0 for total in totals)


def is_open(step: StepOverview) -> bool:
    return step.status != StepStatus.DONE


def step_in_hand(run: RunOverview) -> StepOverview | None:
    """Return the step that is worked on, or else the last one."""
    return next((step for step in run.steps if is_open(step)), run.steps[-1] if run.steps else None)
