"""Change rows by a Python function."""

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from typing import Any

from django.db.models import (
    AutoField,
    BigAutoField,
    BigIntegerField,
    CharField,
    IntegerField,
    Model,
    Q,
    QuerySet,
    TextField,
)
from django.db.models.base import ModelState
from django.db.models.signals import post_init, pre_init

from ..batches.runner import Outcome, is_finished
from ..batches.selection import AnyField, KeySlice, RowSelection, label_of
from ..batches.workers import work_through
from ..databases.base import NEW, Assignment, Database, Sql, TableChange
from ..exceptions import RefusedQuery, Skip
from ..journal.tables import close_journals, journal_of
from ..models import KeyRange, Step
from ..runs.run import ActiveRun, signature
from ..states import JournalKind, StepKind
from .base import ReversibleOperation, may_migrate, model_of
from .ranged import ParkingBatches, start
from .table_changes import Part, fields_of, parts_of, stable

Function = Callable[[Any], "dict[str, Any] | None"]
MUTABLE = (dict, list, set, bytearray)  # values a function may change in place


def transform_rows(run: ActiveRun, queryset: QuerySet[Any], function: Function, fields: Sequence[str]) -> int:
    """
    Call ``function`` with each row of ``queryset`` and write what changed in ``fields``; return how many rows.

    The function changes the instance in place or returns a dict of new values. Raising ``Skip``
    leaves the row; any other exception puts it into quarantine, up to ``max_failed_share``.
    """
    where = f"{run}, transform of {label_of(queryset)}"
    selection = RowSelection(queryset, run.db, where)
    parts = parts_of(selection.model, fields_of(selection.model, fields, where), run.db, where)
    if not may_migrate(run.alias, selection.model):
        return 0
    digest = signature("transform", selection.model._meta.label, sorted(fields), stable(selection.text()))
    step = run.step(StepKind.TRANSFORM, selection.model._meta.label, digest)
    if is_finished(step) or not start(run, step, selection):
        return step.rows_done
    changes, place = [], 0
    for part in parts:
        journal = journal_of(
            run, step, part.model._meta.label, part.keys.table, JournalKind.UPDATE, part.keys.names, part.columns
        )
        assigned = [Assignment(column, f"rm_before.n{place + i}") for i, column in enumerate(part.columns)]
        place += len(assigned)
        name = run.db.quote(journal.table_name)
        changes.append(TableChange(part.keys.table, tuple(part.keys.names), tuple(assigned), name))

    def batches(run: ActiveRun) -> TransformBatches:
        return TransformBatches(run, step, RowSelection(queryset, run.db, where), function, parts, changes)

    work_through(run, step, batches, [part.keys.table for part in parts], selection)
    close_journals(run, step)
    return step.rows_done


class TransformBatches(ParkingBatches):
    def __init__(
        self,
        run: ActiveRun,
        step: Step,
        selection: RowSelection,
        function: Function,
        parts: list[Part],
        changes: list[TableChange],
    ):
        super().__init__(run, step, selection)
        self.function, self.parts, self.changes = function, parts, changes
        self.fields = [field for part in parts for field in part.fields]
        self.names = {name: field.attname for field in self.fields for name in (field.name, field.attname)}
        self.where = f"{run}, {step}"

    def change(self, slice: KeySlice, place: KeyRange, batch: int) -> Outcome:
        outcome = Outcome(seen=slice.rows)
        changed = list(self._transformed(slice, place, outcome))
        if changed:
            changes = self.bounded(self.changes, slice)
            outcome.done = self.changed(self._source(changed, changes), changes, batch)
        return outcome

    def _transformed(self, slice: KeySlice, place: KeyRange, outcome: Outcome) -> Iterable[list[Any]]:
        """Yield key and new values, ready for the database, of each row that the function changed."""
        watched = [field.attname for field in self.fields]
        key_names = [field.attname for field in self.keys.fields]
        prepare_key = [preparer(field, self.db) for field in self.keys.fields]
        prepare = [preparer(field, self.db) for field in self.fields]
        for row in instances(self.selection.locked(slice.bounds)):
            values = row.__dict__
            key = [values[name] for name in key_names]
            before = [deepcopy(v) if isinstance(v, MUTABLE) else v for v in (values[name] for name in watched)]
            try:
                returned = self.function(row)
                if returned is not None:
                    self._set(row, returned)
            except Skip:
                outcome.skipped += 1
                continue
            except RefusedQuery:
                raise
            except Exception as error:
                outcome.failed += 1
                stored = [ready(v) for ready, v in zip(prepare_key, key, strict=True)]
                self.quarantine(self.db.key_of_values(stored), place, error)
                continue
            after = [values[name] for name in watched]
            if after != before or any(type(a) is not type(b) for a, b in zip(after, before, strict=True)):
                yield [ready(v) for ready, v in zip(prepare_key + prepare, key + after, strict=True)]

    def _set(self, row: Model, values: dict[str, Any]) -> None:
        for name, value in values.items():
            if name not in self.names:
                raise RefusedQuery(
                    self.where,
                    f"the function returned a value for {name!r}, which is not among the step's fields.",
                    standing="The batch was rolled back.",
                    todo=f"Add it to fields=[...], now {sorted({f.name for f in self.fields})}.",
                )
            setattr(row, name, value)

    def _source(self, rows: list[list[Any]], changes: Sequence[TableChange]) -> Sql:
        columns = [self.db.columns(part.keys.table)[str(field.column)] for part in self.parts for field in part.fields]
        values, params = self.db.new_values(self.keys.columns, columns, rows)
        keys = [f"k{i}" for i in range(len(self.keys.names))]
        names = [*keys, *(f"n{i}" for i in range(len(columns)))]
        selected = [f"{NEW}.{key}" for key in keys]
        selected += [self.db.column(part.keys.table, name) for part in self.parts for name in part.columns]
        selected += [f"{NEW}.n{i}" for i in range(len(columns))]
        joined = "".join(
            f" JOIN {part.keys.table} ON "
            + " AND ".join(
                f"{self.db.column(part.keys.table, name)} = {NEW}.{key}"
                for name, key in zip(part.keys.names, keys, strict=True)
            )
            for part in self.parts
        )
        bounds = " AND ".join(change.within[0] for change in changes)
        more = tuple(p for change in changes for p in change.within[1])
        return (
            f"WITH {NEW} ({', '.join(names)}) AS ({values}) SELECT {', '.join(selected)} FROM {NEW}{joined}"
            f" WHERE {bounds}",
            (*params, *more),
        )


PASSED_THROUGH: dict[type[Any], type] = {
    CharField: str,
    TextField: str,
    IntegerField: int,
    BigIntegerField: int,
    AutoField: int,
    BigAutoField: int,
}


def preparer(field: AnyField, db: Database) -> Callable[[Any], Any]:
    """Return what makes a value of ``field`` ready for the database; plain texts and integers are so already."""
    passed = PASSED_THROUGH.get(type(field))

    def ready(value: Any) -> Any:
        if type(value) is passed:
            return value
        return field.get_db_prep_save(value, db.connection)

    return ready


def instances(rows: QuerySet[Any]) -> Iterable[Any]:
    """
    Yield the rows as model instances, without ``__init__`` where nobody would notice.

    Historical models have no code of their own, so filling ``__dict__`` is what ``from_db`` does,
    three times as fast.
    """
    model = rows.model
    plain = (
        model.__init__ is Model.__init__
        and model.from_db.__func__ is Model.from_db.__func__  # type: ignore[attr-defined]
        and not rows.query.annotations
        and not pre_init.has_listeners(model)
        and not post_init.has_listeners(model)
    )
    if not plain:
        yield from rows
        return
    chosen, deferred = rows.query.deferred_loading  # of only() and defer(); what is not loaded is fetched when read
    names = [f.attname for f in model._meta.concrete_fields if f.primary_key or (f.name in chosen) is not deferred]
    alias = rows.db
    for values in rows.values_list(*names):
        row: Any = object.__new__(model)
        row.__dict__.update(zip(names, values, strict=True))
        state = ModelState()
        state.adding, state.db = False, alias
        row.__dict__["_state"] = state
        yield row


class TransformRows(ReversibleOperation):
    """
    Change the rows of a model by a function, and undo it from the record.

        ops.TransformRows("Medicine", tidy_name, fields=["name"], where=Q(name__contains="  "))
    """

    def __init__(self, model: str, function: Function, fields: Sequence[str], where: Q | None = None):
        self.model, self.function, self.fields, self.where = model, function, list(fields), where

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        options: dict[str, Any] = {"fields": self.fields}
        if self.where:
            options["where"] = self.where
        return type(self).__name__, [self.model, self.function], options

    def forwards(self, run: ActiveRun, apps: Any, schema_editor: Any, app_label: str) -> None:
        rows = model_of(self.model, apps, app_label)._base_manager.filter(self.where or Q())
        transform_rows(run, rows, self.function, self.fields)

    def describe(self) -> str:
        name = getattr(self.function, "__name__", "a function")
        return f"Transform {', '.join(self.fields)} of {self.model} rows by {name} (recorded, undone from the record)"
