"""Steps that walk over the key ranges of a query set."""

from collections.abc import Sequence
from typing import Any

from django.db import DataError, IntegrityError

from ..batches import key_ranges
from ..batches.key_ranges import KeyRange
from ..batches.runner import Outcome, begin
from ..batches.selection import RowSelection
from ..databases.base import Key
from ..models import QuarantinedRow, Step
from ..runs.run import ActiveRun


class RangedBatches:
    """The part of ``Batches`` that all walks over a table share."""

    splits_on: tuple[type[Exception], ...] = (IntegrityError, DataError)

    def __init__(self, run: ActiveRun, step: Step, selection: RowSelection):
        self.run, self.step, self.selection = run, step, selection
        self.db, self.keys = run.db, selection.keys

    def next(self, checkpoint: Any, rows: int) -> KeyRange | None:
        return key_ranges.next_range(self.keys, checkpoint, self.step.upper, rows)

    def checkpoint(self, slice: KeyRange) -> Key:
        return slice.high

    def halves(self, slice: KeyRange) -> Sequence[KeyRange] | None:
        return key_ranges.halves(self.keys, slice)

    def set_aside(self, slice: KeyRange, error: Exception) -> Outcome:
        self.quarantine(slice.high, error)
        return Outcome(seen=1, failed=1)

    def quarantine(self, key: Any, error: Exception) -> None:
        QuarantinedRow.objects.using(self.run.alias).create(
            step_id=self.step.pk, key=key, error_type=self.db.describe(error)[:100], error=str(error)
        )


def start(run: ActiveRun, step: Step, selection: RowSelection) -> bool:
    """
    Fix the last key and the total of a new step; return False, with the step finished, if the table is empty.

    Rows that are added behind the last key while the step runs are not part of it.
    """
    if step.upper is None:
        upper = key_ranges.last_key(selection.keys)
        if upper is None:
            run.finish_step(step)
            return False
        begin(run, step, upper=upper, rows_total=run.db.estimated_rows(selection.keys.table))
    return True
