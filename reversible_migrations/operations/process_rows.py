"""Call a function with the rows of a query set, batch by batch, one transaction each."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from ..batches.runner import Outcome, is_finished
from ..batches.selection import KeySlice, RowSelection, label_of
from ..batches.workers import work_through
from ..models import KeyRange, Step
from ..runs.run import ActiveRun, signature
from ..states import StepKind
from .base import may_migrate
from .ranged import RangedBatches, start
from .table_changes import stable


def process_rows(run: ActiveRun, queryset: QuerySet[Any], function: Callable[[list[Any]], Any]) -> int:
    """
    Call ``function`` with lists of at most ``batch_size`` locked rows of ``queryset``; return how many rows.

    One call is one transaction, and its checkpoint is in it. A batch that raises is tried again in
    halves, down to the row, which is put into quarantine. Nothing is recorded for undo.
    """
    where = f"{run}, processing of {label_of(queryset)}"
    selection = RowSelection(queryset, run.db, where)
    if not may_migrate(run.alias, selection.model):
        return 0
    digest = signature("process", selection.model._meta.label, stable(selection.text()))
    step = run.step(StepKind.PROCESS, selection.model._meta.label, digest)
    if not is_finished(step) and start(run, step, selection):

        def batches(run: ActiveRun) -> ProcessBatches:
            return ProcessBatches(run, step, RowSelection(queryset, run.db, where), function)

        work_through(run, step, batches, [selection.keys.table], selection)
    return step.rows_done


class ProcessBatches(RangedBatches):
    splits_on: tuple[type[Exception], ...] = (Exception,)
    may_share_snapshot = False  # the function gets rows that are locked, and may read others as they are now

    def __init__(self, run: ActiveRun, step: Step, selection: RowSelection, function: Callable[[list[Any]], Any]):
        super().__init__(run, step, selection)
        self.function = function

    def change(self, slice: KeySlice, place: KeyRange, batch: int) -> Outcome:
        rows = list(self.selection.locked(slice.bounds))
        if rows:
            self.function(rows)
        return Outcome(seen=slice.rows, done=len(rows))
