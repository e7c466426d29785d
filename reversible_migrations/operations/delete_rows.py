"""Delete rows as Django would, with their cascades and SET NULLs, and put all of it back on undo."""

from collections import deque
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.db import DataError, IntegrityError
from django.db.models import Model, ProtectedError, Q, QuerySet, RestrictedError

from ..batches.runner import Outcome, is_finished
from ..batches.selection import AnyField, KeyColumns, KeySlice, RowSelection, label_of
from ..batches.workers import work_through, workers_of
from ..databases.base import TableChange
from ..journal.tables import close_journals, journal_of
from ..journal.views import JournalSlice, JournalView
from ..models import JournalTable, KeyRange, Step
from ..runs.run import ActiveRun, signature
from ..states import JournalKind, StepKind
from .base import ReversibleOperation, may_migrate, model_of
from .cascades import Reaction, reactions, shared_row
from .ranged import RangedBatches, start
from .table_changes import Part, assignments_of, stable


def delete_rows(run: ActiveRun, queryset: QuerySet[Any]) -> int:
    """
    Delete the rows of ``queryset``; return how many, those of cascades not counted.

    What the models' on_delete rules do to other rows is done and recorded in the same transaction.
    A row that PROTECT or RESTRICT keeps is put into quarantine.
    """
    where = f"{run}, deletion of {label_of(queryset)}"
    selection = RowSelection(queryset, run.db, where)
    if not may_migrate(run.alias, selection.model):
        return 0
    digest = signature("delete", selection.model._meta.label, stable(selection.text()))
    step = run.step(StepKind.DELETE, selection.model._meta.label, digest)
    if is_finished(step) or not start(run, step, selection, may_split=_may_split(run, selection)):
        return step.rows_done

    def batches(run: ActiveRun) -> DeleteBatches:
        return DeleteBatches(run, step, RowSelection(queryset, run.db, where))

    if run.ranges(step).count() > 1:
        batches(run).keep_own()  # or the workers would all begin by creating it
    work_through(run, step, batches, [selection.keys.table], selection)
    close_journals(run, step)
    return step.rows_done


def _may_split(run: ActiveRun, selection: RowSelection) -> bool:
    """Return whether several workers may delete the rows; say why not, where several are wanted."""
    shared = shared_row(selection)
    if shared and workers_of(run) > 1:
        wanted = run.option("PARALLEL")
        label = selection.model._meta.label
        run.control.say_once(run, f"Deletion of {label} stays with one worker (parallel = {wanted}): {shared}.")
    return not shared


class DeleteBatches(RangedBatches):
    splits_on: tuple[type[Exception], ...] = (IntegrityError, DataError, ProtectedError, RestrictedError)

    def __init__(self, run: ActiveRun, step: Step, selection: RowSelection):
        super().__init__(run, step, selection)
        self.keys_of: dict[type[Model], KeyColumns] = {selection.model: selection.keys}
        self.reactions_of: dict[type[Model], list[Reaction]] = {}
        self.views: dict[str, JournalView] = {}
        self.tried = 0  # the number of the batch that was begun last
        for journal in JournalTable.objects.using(run.alias).filter(step=step, kind=JournalKind.DELETE):
            self.views[journal.target] = JournalView(run.db, journal)

    def keep_own(self) -> None:
        """Make sure of the journal of the selection's own rows."""
        self._view(self.selection.model)

    def change(self, slice: KeySlice, place: KeyRange, batch: int) -> Outcome:
        """Journal the rows, then all that goes with them, then delete from the last found to the first."""
        if batch == self.tried:
            self.views.clear()  # the journals made by the try before were rolled back with it
        self.tried = batch
        self.has_followers_of_its_own = False  # rows of the selection's table that go because others go
        here = JournalSlice(batch)
        done = self._journal_own(slice, batch)
        if done and self.is_alone:
            self._delete_own(slice, here)
        elif done:
            doomed = self._follow(here)
            self._react(doomed, here)
            for model in reversed(doomed[1:]):
                self._delete(self._view(model), here)
            self._delete_own(slice, here)
        return Outcome(seen=slice.rows, done=done)

    @cached_property
    def is_alone(self) -> bool:
        """Return whether no other row can follow or forbid the deletion."""
        return not self._reactions(self.selection.model) and not self.selection.model._meta.parents

    def _delete_own(self, slice: KeySlice, here: JournalSlice) -> None:
        """Delete the selection's own rows; by their own condition, which is quicker, where it finds the same."""
        if self.selection.is_repeatable and not self.db.locks and not self.has_followers_of_its_own:
            self.db.execute(*self.selection.delete_again(slice.bounds))
        else:
            self._delete(self._view(self.selection.model), here)

    def _journal_own(self, slice: KeySlice, batch: int) -> int:
        view = self._view(self.selection.model)
        source = self.selection.stored([*self.keys.names, *view.names], slice.bounds)
        if source is None:
            return 0
        return self.db.execute(
            f"INSERT INTO {view.table} SELECT {int(batch)}, rm_before.* FROM ({source[0]}) AS rm_before", source[1]
        )

    def _follow(self, here: JournalSlice) -> list[type[Model]]:
        """Journal the rows that go with those of the batch; return the models in the order they were found."""
        found = [self.selection.model]
        waiting = deque(found)
        while waiting:
            model = waiting.popleft()
            for follower, added in self._followers(model, here):
                self.has_followers_of_its_own |= bool(added) and follower is self.selection.model
                if added and follower not in found:
                    found.append(follower)
                if added and follower not in waiting:
                    waiting.append(follower)
        return found

    def _followers(self, model: type[Model], here: JournalSlice) -> Iterable[tuple[type[Model], int]]:
        for parent, link in model._meta.parents.items():
            if link is not None:  # an inherited row goes with its parent's
                owner = parent._meta.concrete_model or parent
                pairs = [(self._keys(owner).names[0], str(link.column))]
                yield owner, self._journal_related(owner, self._view(model), pairs, here)
        for reaction in self._reactions(model):
            if reaction.follows:
                yield (
                    reaction.model,
                    self._journal_related(reaction.model, self._view(model), pointing_columns(reaction.field), here),
                )

    def _journal_related(
        self, model: type[Model], origin: JournalView, pairs: list[tuple[str, str]], here: JournalSlice
    ) -> int:
        """Journal the rows of ``model`` whose columns equal those of the journalled rows of ``origin``."""
        keys = self._keys(model)
        matched, params = self._pointing(keys.table, origin, pairs, here)
        if keys.table not in self.views and not self.db.row(
            f"SELECT 1 FROM {keys.table} WHERE {matched} LIMIT 1", params
        ):
            return 0
        view = self._view(model)
        new, more = self._not_journalled(view, here)
        selected = ", ".join([*view.keys, *view.columns])
        lock = self.db.lock_clause if self.db.locks else ""
        return self.db.execute(
            f"INSERT INTO {view.table} SELECT {here.batch}, rm_before.* FROM (SELECT {selected} FROM {keys.table}"
            f" WHERE {matched} AND {new}{lock}) AS rm_before",
            [*params, *more],
        )

    def _pointing(
        self, table: str, origin: JournalView, pairs: list[tuple[str, str]], here: JournalSlice
    ) -> tuple[str, list[Any]]:
        images = dict(zip(origin.names, origin.before, strict=True))
        within, params = origin.within(here)
        if len(pairs) == 1:
            column, target = pairs[0]
            return (
                f"{self.db.column(table, column)} IN (SELECT {images[target]} FROM {origin.table} WHERE {within})",
                params,
            )
        met = " AND ".join(f"{self.db.column(table, column)} = {images[target]}" for column, target in pairs)
        return f"EXISTS (SELECT 1 FROM {origin.table} WHERE {within} AND {met})", params

    def _not_journalled(self, view: JournalView, here: JournalSlice) -> tuple[str, list[Any]]:
        within, params = view.within(here)
        return f"NOT EXISTS (SELECT 1 FROM {view.table} WHERE {within} AND {view.joined})", params

    def _react(self, doomed: list[type[Model]], here: JournalSlice) -> None:
        """Do what the other on_delete rules say to rows that stay; raise where one forbids the deletion."""
        for model in doomed:
            for reaction in self._reactions(model):
                if reaction.follows:
                    continue
                keys = self._keys(reaction.model)
                matched, params = self._pointing(keys.table, self._view(model), pointing_columns(reaction.field), here)
                if keys.table in self.views and reaction.forbids is not ProtectedError:
                    stays, more = self._not_journalled(self.views[keys.table], here)
                    matched, params = f"{matched} AND {stays}", [*params, *more]
                if self.db.row(f"SELECT 1 FROM {keys.table} WHERE {matched} LIMIT 1", params):
                    self._apply(reaction, keys, matched, params, here)

    def _apply(self, reaction: Reaction, keys: KeyColumns, matched: str, params: list[Any], here: JournalSlice) -> None:
        if reaction.forbids is not None:
            label, name = reaction.model._meta.label, reaction.field.name
            raise reaction.forbids(f"{label}.{name} forbids it", set())
        column = reaction.field.column
        part = Part(reaction.model, keys, (reaction.field,))
        rows = reaction.model._base_manager.using(self.run.alias)
        value = {reaction.field.name: reaction.value}
        assignments = assignments_of(rows, part, value, self.run.alias, f"{self.run}, {self.step}")
        journal = journal_of(
            self.run, self.step, reaction.model._meta.label, keys.table, JournalKind.UPDATE, keys.names, [column]
        )
        selected = [self.db.column(keys.table, name) for name in [*keys.names, column]]
        if self.db.source_has_after:
            selected += [assignment.sql for assignment in assignments]
            params = [*(p for assignment in assignments for p in assignment.params), *params]
        source = f"SELECT {', '.join(selected)} FROM {keys.table} WHERE {matched}{self.db.lock_clause}"
        change = TableChange(keys.table, tuple(keys.names), tuple(assignments), self.db.quote(journal.table_name))
        self.db.change_rows((source, tuple(params)), [change], here.batch)

    def _delete(self, view: JournalView, here: JournalSlice) -> None:
        within, params = view.within(here)
        self.db.delete_joined(view.target, view.record.keys, view.table, f"{within} AND {view.joined}", params)

    def _keys(self, model: type[Model]) -> KeyColumns:
        if model not in self.keys_of:
            self.keys_of[model] = KeyColumns(model, self.db)
        return self.keys_of[model]

    def _reactions(self, model: type[Model]) -> list[Reaction]:
        if model not in self.reactions_of:
            self.reactions_of[model] = reactions(model, self.run.alias)
        return self.reactions_of[model]

    def _view(self, model: type[Model]) -> JournalView:
        keys = self._keys(model)
        if keys.table not in self.views:
            columns = self.db.stored_columns(keys.table)
            journal = journal_of(
                self.run,
                self.step,
                model._meta.label,
                keys.table,
                JournalKind.DELETE,
                keys.names,
                columns,
                indexed=not (self.is_alone and self.selection.is_repeatable),
            )
            self.views[keys.table] = JournalView(self.db, journal)
        return self.views[keys.table]


def pointing_columns(field: AnyField) -> list[tuple[str, str]]:
    """Return the pairs of a foreign key's column and the column it points at."""
    pairs: list[tuple[Any, Any]] = field.related_fields  # type: ignore[attr-defined]
    return [(own.column, target.column) for own, target in pairs]


class DeleteRows(ReversibleOperation):
    """
    Delete the rows of a model that meet a condition, cascades included, and undo it from the record.

        ops.DeleteRows("Batch", where=Q(expired=True))
    """

    def __init__(self, model: str, where: Q | None = None):
        self.model, self.where = model, where

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.model], {"where": self.where} if self.where else {}

    def forwards(self, run: ActiveRun, apps: Any, schema_editor: Any, app_label: str) -> None:
        delete_rows(run, model_of(self.model, apps, app_label)._base_manager.filter(self.where or Q()))

    def describe(self) -> str:
        return f"Delete {self.model} rows with their cascades (recorded, undone from the record)"
