"""Steps that walk over the key ranges of a query set."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import DataError, IntegrityError

from ..batches import key_ranges
from ..batches.runner import Outcome
from ..batches.selection import KeySlice, RowSelection
from ..batches.splitting import split
from ..batches.workers import workers_of
from ..databases.base import Key, Sql, TableChange
from ..journal.unique_swaps import change_by_parking, parking_values
from ..models import KeyRange, QuarantinedRow, Step
from ..runs.run import ActiveRun


class RangedBatches:
    """The part of ``Batches`` that all walks over a table share."""

    splits_on: tuple[type[Exception], ...] = (IntegrityError, DataError)
    may_share_snapshot = True

    def __init__(self, run: ActiveRun, step: Step, selection: RowSelection):
        self.run, self.step, self.selection = run, step, selection
        self.db, self.keys = run.db, selection.keys

    def next(self, place: KeyRange, rows: int) -> KeySlice | None:
        upper: Key = place.upper or []
        return key_ranges.next_slice(self.keys, place.checkpoint, upper, rows)

    def checkpoint(self, slice: KeySlice) -> Key:
        return slice.high

    def halves(self, slice: KeySlice) -> Sequence[KeySlice] | None:
        return key_ranges.halves(self.keys, slice)

    def bounded(self, changes: Sequence[TableChange], slice: KeySlice) -> list[TableChange]:
        """Return ``changes`` with the bounds of ``slice`` over their tables."""
        return [replace(change, within=self._within(change, slice)) for change in changes]

    def _within(self, change: TableChange, slice: KeySlice) -> Sql:
        """All tables of inherited rows share the values of the key, and so its bounds."""
        compared = [self.keys.compared(operator, key, change.target, change.keys) for operator, key in slice.bounds]
        return " AND ".join(sql for sql, _ in compared), tuple(p for _, params in compared for p in params)

    def again(self, key: Key) -> KeySlice:
        """Return the slice of one row that was set aside."""
        return KeySlice(None, key, 1, is_one_row=True)

    def mend(self, error: Exception) -> bool:
        return False

    def set_aside(self, slice: KeySlice, place: KeyRange, error: Exception) -> Outcome:
        self.quarantine(slice.high, place, error)
        return Outcome(seen=1, failed=1)

    def quarantine(self, key: Any, place: KeyRange, error: Exception) -> None:
        QuarantinedRow.objects.using(self.run.alias).create(
            step_id=self.step.pk, range=place, key=key, error_type=self.db.describe(error)[:100], error=str(error)
        )


class ParkingBatches(RangedBatches):
    """Batches that write unique columns, and let their values change places within a batch."""

    changes: list[TableChange]
    parking: dict[str, str] | None = None  # how rows are parked, from the first collision on

    def mend(self, error: Exception) -> bool:
        if self.parking or len(self.changes) > 1 or not self.db.is_unique_violation(error):
            return False
        change = self.changes[0]
        self.parking = parking_values(self.db, change.target, [a.column for a in change.assignments])
        if self.parking:
            self.db.index_batches(change.journal)
        return bool(self.parking)

    def changed(self, source: Sql, changes: list[TableChange], batch: int) -> int:
        if self.parking:
            return change_by_parking(self.db, source, changes[0], batch, self.parking)
        return self.db.change_rows(source, changes, batch)


def start(run: ActiveRun, step: Step, selection: RowSelection, may_split: bool = True) -> bool:
    """
    Divide a new step into key ranges; return False, with the step finished, if the table is empty.

    Rows that are added behind the last key while the step runs are not part of it.
    """
    if run.ranges(step).exists():
        return True
    low = run.first_key(step)
    keys = selection.keys
    upper = key_ranges.last_key(keys) if run.first_rows is None else selection.key_of_row(run.first_rows, low)
    if upper is None:
        run.finish_step(step)
        return False
    total = run.db.estimated_rows(keys.table)
    workers = max(2, workers_of(run)) if may_split and run.first_rows is None else 1  # it may become more meanwhile
    run.begin_step(step, split(keys, low, upper, total, workers), rows_total=total)
    return True
