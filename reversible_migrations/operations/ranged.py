"""Steps that walk over the key ranges of a query set."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import DataError, IntegrityError

from ..batches import key_ranges
from ..batches.key_ranges import KeyRange
from ..batches.runner import Outcome, begin
from ..batches.selection import RowSelection
from ..databases.base import Key, Sql, TableChange
from ..models import QuarantinedRow, Step
from ..runs.run import ActiveRun


class RangedBatches:
    """The part of ``Batches`` that all walks over a table share."""

    splits_on: tuple[type[Exception], ...] = (IntegrityError, DataError)
    may_share_snapshot = True

    def __init__(self, run: ActiveRun, step: Step, selection: RowSelection):
        self.run, self.step, self.selection = run, step, selection
        self.db, self.keys = run.db, selection.keys

    def next(self, checkpoint: Any, rows: int) -> KeyRange | None:
        return key_ranges.next_range(self.keys, checkpoint, self.step.upper, rows)

    def checkpoint(self, slice: KeyRange) -> Key:
        return slice.high

    def halves(self, slice: KeyRange) -> Sequence[KeyRange] | None:
        return key_ranges.halves(self.keys, slice)

    def bounded(self, changes: Sequence[TableChange], slice: KeyRange, again: Sql | None = None) -> list[TableChange]:
        """Return ``changes`` with the bounds of ``slice`` over their tables."""
        return [replace(change, within=self._within(change, slice), again=again) for change in changes]

    def _within(self, change: TableChange, slice: KeyRange) -> Sql:
        """All tables of inherited rows share the values of the key, and so its bounds."""
        sql, params = self.keys.compared("<=", slice.high, change.target, change.keys)
        if slice.low is None:
            return sql, params
        above, more = self.keys.compared(">", slice.low, change.target, change.keys)
        return f"{above} AND {sql}", (*more, *params)

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
        if run.first_rows is None:
            upper = key_ranges.last_key(selection.keys)
        else:
            upper = selection.key_of_row(run.first_rows, step.checkpoint)
        if upper is None:
            run.finish_step(step)
            return False
        begin(run, step, upper=upper, rows_total=run.db.estimated_rows(selection.keys.table))
    return True
