"""Change rows by values or expressions, without loading them."""

from typing import Any

from django.db.models import Q, QuerySet

from ..batches.runner import Outcome, is_finished
from ..batches.selection import KeySlice, RowSelection, label_of
from ..batches.workers import work_through
from ..databases.base import TableChange
from ..journal.tables import close_journals, journal_of
from ..models import KeyRange, Step
from ..runs.run import ActiveRun, signature
from ..states import JournalKind, StepKind
from .base import ReversibleOperation, may_migrate, model_of
from .ranged import ParkingBatches, start
from .table_changes import assignments_of, fields_of, parts_of, stable


def update_rows(run: ActiveRun, queryset: QuerySet[Any], values: dict[str, Any]) -> int:
    """
    Set ``values`` in the rows of ``queryset``, batch by batch; return how many rows.

    The before- and after-image of every changed column are stored in the same statement or
    transaction. Raise ``RefusedQuery`` before anything runs.
    """
    where = f"{run}, update of {label_of(queryset)}"
    selection = RowSelection(queryset, run.db, where)
    fields = fields_of(selection.model, values, where)
    parts = parts_of(selection.model, fields, run.db, where)
    if not may_migrate(run.alias, selection.model):
        return 0
    assigned = [assignments_of(queryset, part, values, run.alias, where) for part in parts]
    digest = signature("update", selection.model._meta.label, stable(selection.text()), stable_assignments(assigned))
    step = run.step(StepKind.UPDATE, selection.model._meta.label, digest)
    if is_finished(step) or not start(run, step, selection):
        return step.rows_done
    changes = []
    for part, assignments in zip(parts, assigned, strict=True):
        journal = journal_of(
            run, step, part.model._meta.label, part.keys.table, JournalKind.UPDATE, part.keys.names, part.columns
        )
        name = run.db.quote(journal.table_name)
        changes.append(TableChange(part.keys.table, tuple(part.keys.names), tuple(assignments), name))
    ordered = [field for part in parts for field in part.fields]

    def batches(run: ActiveRun) -> UpdateBatches:
        return UpdateBatches(run, step, RowSelection(queryset, run.db, where), ordered, changes)

    work_through(run, step, batches, [part.keys.table for part in parts], selection)
    close_journals(run, step)
    return step.rows_done


def stable_assignments(assigned: list[list[Any]]) -> list[Any]:
    return [(a.column, a.sql, stable(a.params)) for assignments in assigned for a in assignments]


class UpdateBatches(ParkingBatches):
    def __init__(
        self, run: ActiveRun, step: Step, selection: RowSelection, fields: list[Any], changes: list[TableChange]
    ):
        super().__init__(run, step, selection)
        self.fields, self.changes = fields, changes
        self.assignments = [a for change in changes for a in change.assignments]

    def change(self, slice: KeySlice, place: KeyRange, batch: int) -> Outcome:
        done = self._change_plainly(slice, batch)
        if done is not None:
            return Outcome(seen=slice.rows, done=done)
        source = self.selection.source(self.fields, self.assignments, slice.bounds, with_after=bool(self.parking))
        if source is None:
            return Outcome(seen=slice.rows)
        done = self.changed(source, self.bounded(self.changes, slice), batch)
        return Outcome(seen=slice.rows, done=done)

    def _change_plainly(self, slice: KeySlice, batch: int) -> int | None:
        """Keep the images first, then run the plain UPDATE; return how many rows, or None where that may be wrong."""
        in_one_table = [change.target for change in self.changes] == [self.keys.table]
        if self.parking or not in_one_table or not self.db.may_keep_first(self.keys.table):
            return None
        update = self.selection.plain_update(self.assignments, slice.bounds)
        if update is None:
            return None
        images = self.selection.images(batch, self.fields, self.assignments, slice.bounds)
        return 0 if images is None else self.db.change_kept(self.changes[0].journal, images, update)


class UpdateRows(ReversibleOperation):
    """
    Set values in the rows of a model that meet a condition, and undo it from the record.

        ops.UpdateRows("Medicine", {"price": F("price") * Decimal("1.1")}, where=Q(currency="EUR"))
    """

    def __init__(self, model: str, values: dict[str, Any], where: Q | None = None):
        self.model, self.values, self.where = model, values, where

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.model, self.values], {"where": self.where} if self.where else {}

    def forwards(self, run: ActiveRun, apps: Any, schema_editor: Any, app_label: str) -> None:
        rows = model_of(self.model, apps, app_label)._base_manager.filter(self.where or Q())
        update_rows(run, rows, self.values)

    def describe(self) -> str:
        return f"Update {', '.join(self.values)} of {self.model} rows (recorded, undone from the record)"
