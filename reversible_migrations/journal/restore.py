"""
Undo of one step from its journals, batch by batch, newest first.

Before the first row is touched everything is checked: the journals are there, and the tables
still have the columns and types that were recorded.

What undo cannot tell: where two steps changed one column, a value that the application wrote since and
that equals exactly the one between the two steps counts as the patch's own, and is undone with it.
"""

import json
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from django.db import DataError, IntegrityError, transaction

from ..batches.runner import Outcome
from ..batches.splitting import RANGES_PER_WORKER
from ..databases.base import Database
from ..exceptions import JournalMismatch, MissingJournal, ReversibleMigrationError, UndoConflicts
from ..models import ConflictingRow, JournalTable, KeyRange, Run, Step
from ..runs.run import ActiveRun
from ..states import JournalKind, JournalState, StepKind
from .changed_rows import restore_changed
from .created_rows import remove_created
from .dangling import StillNeeded, take_back_dangling
from .deleted_rows import reinsert_deleted
from .retired import fault_of_retired
from .slice_undo import ABORT, Restored, SliceUndo
from .step_views import journals_of, views_of
from .tables import how_it_went, index_keys, index_slices
from .views import JournalSlice, JournalView

WAYS: dict[JournalKind, Callable[[SliceUndo, JournalView, JournalSlice, Sequence[JournalView]], Restored]] = {
    JournalKind.UPDATE: restore_changed,
    JournalKind.CREATE: remove_created,
    JournalKind.DELETE: reinsert_deleted,
}
DENSE = 0.5  # of the rows that a forward batch read were changed
JOURNALLED = (StepKind.UPDATE, StepKind.TRANSFORM, StepKind.CREATE, StepKind.DELETE, StepKind.RECORD)


def fault_of(run: Run, step: Step, db: Database) -> ReversibleMigrationError | None:
    """Return why ``step`` cannot be undone, or None if it can."""
    where = f"{run.title}, {step}"
    for journal in journals_of(step, db.alias):
        if journal.kind == JournalKind.RETIRED:
            fault = fault_of_retired(where, journal, db)
            if fault is not None:
                return fault
            continue
        if is_missing(journal, db):
            return missing(where, journal)
        changed = _shape_change(journal, db)
        if changed:
            return JournalMismatch(
                where,
                f"{journal.target} is not as it was recorded: {changed}.",
                todo="Undo the later change of its schema first, or bring the column back with its old type.",
            )
    return None


def is_missing(journal: JournalTable, db: Database) -> bool:
    return journal.state == JournalState.PURGED or not db.journal_exists(db.quote(journal.table_name))


def missing(where: str, journal: JournalTable) -> MissingJournal:
    return MissingJournal(
        where,
        f"the rollback data of {journal.target} ({journal.rows:,} rows) was {how_it_went(journal)}.",
        todo="It cannot be undone from here: restore it from a backup, or mark it as unapplied with --fake.",
    )


def refuse_missing(run: Run, db: Database) -> None:
    """Raise ``MissingJournal`` if rollback data of any step of the forward ``run`` is gone."""
    journals = JournalTable.objects.using(db.alias).filter(step__run_id=run.pk).select_related("step")
    for journal in journals.exclude(state=JournalState.RESTORED):
        if journal.kind == JournalKind.RETIRED:
            fault = fault_of_retired(f"{run.title}, {journal.step}", journal, db)
            if isinstance(fault, MissingJournal):
                raise fault
        elif is_missing(journal, db):
            raise missing(f"{run.title}, {journal.step}", journal)


def _shape_change(journal: JournalTable, db: Database) -> str | None:
    now = db.read_columns(journal.target)
    if not now:
        return "the table is gone"
    for name, recorded in journal.columns["types"].items():
        if name not in now:
            return f"column {name} is gone"
        if now[name].type != recorded:
            return f"column {name} is {now[name].type} now and was {recorded}"
    return None


class RestoreBatches:
    """
    The batches of an undo step, newest first.

    They are as large as the pace wants them where every row can be undone by itself; else they are the forward ones.
    """

    splits_on: tuple[type[Exception], ...] = (IntegrityError, DataError)
    may_share_snapshot = False

    def __init__(self, run: ActiveRun, forward: Step, step: Step, policy: str):
        self.run, self.forward, self.step, self.policy = run, forward, step, policy
        self.db = run.db
        self.views = views_of(forward, run.db)
        self.undo = SliceUndo(run.db, step.pk, policy)

    def prepare(self) -> None:
        """Index the journals by slice, and by key where its rows may point at created ones; harmless when repeated."""
        targets = {view.target for view in self.views}
        created = [view.target for view in self.views if view.kind == JournalKind.CREATE]
        point = any(reference.table in targets for target in created for reference in self.undo.references_to(target))
        for view in self.views:
            with transaction.atomic(using=self.run.alias):
                self.run.fence()
                if self.rows_are_independent:
                    index_slices(self.db, view.table, view.record)
                else:
                    self.db.index_batches(view.table)
                if view.kind != JournalKind.DELETE:  # what is only inserted is joined to nothing
                    self.db.analyze(view.table)
                if point:
                    index_keys(self.db, view.table, view.record)

    def in_run(self, run: ActiveRun) -> "RestoreBatches":
        """Return the same batches for a worker with a connection of its own."""
        return self if run is self.run else RestoreBatches(run, self.forward, self.step, self.policy)

    def parts(self, workers: int) -> list[tuple[Any, Any]]:
        """Return the forward batches in as many parts as ``workers`` may do at once: from a number down to another."""
        if workers < 2 or not self.batches_are_independent:
            return [(None, None)]
        tables = " UNION ".join(f"SELECT DISTINCT batch FROM {view.table}" for view in self.views)
        numbers = [number for (number,) in self.db.rows(f"{tables} ORDER BY batch DESC")]
        size = max(1, -(-len(numbers) // (workers * RANGES_PER_WORKER)))
        tops = numbers[::size]
        return [
            ({"batch": top + 1}, {"batch": low}) for top, low in zip(tops, [*(t + 1 for t in tops[1:]), 0], strict=True)
        ]

    @cached_property
    def rows_are_independent(self) -> bool:
        """
        Return whether each row may be undone by itself, in any order.

        They are in one table, do not point at each other, and none gets a value back that another one may have.
        """
        if len(self.views) != 1 or self.forward.kind == StepKind.RECORD:
            return False
        view = self.views[0]
        if any(reference.table == view.target for reference in self.undo.references_to(view.target)):
            return False
        return view.kind != JournalKind.UPDATE or not self.db.unique_columns(view.target) & set(view.names)

    @property
    def batches_are_independent(self) -> bool:
        """
        Return whether the forward batches may be undone in any order, and so by several workers at once.

        A deletion's may if it was done in several ranges, which shared no row, and took rows only: a reference
        that it emptied may have been filled since, and emptied again.
        """
        if self.rows_are_independent:
            return True
        deleted_only = {view.kind for view in self.views} == {JournalKind.DELETE}
        if self.forward.kind != StepKind.DELETE or not deleted_only or self.run.ranges(self.forward).count() < 2:
            return False
        targets = {view.target for view in self.views}
        references = [reference.table for target in targets for reference in self.undo.references_to(target)]
        pointing = [table for table in references if table in targets]
        return len(set(pointing)) == len(pointing) < len(targets)  # each row at one other at most, and some at none

    def next(self, place: KeyRange, rows: int) -> JournalSlice | None:
        """Return the next slice of about ``rows`` rows where they are independent, else the next forward batch."""
        at = place.checkpoint
        if at and "key" in at:
            rest = JournalSlice(at["batch"], low=at["key"], oldest=at.get("oldest"))
            return self.views[0].first(rest, rows) if self.rows_are_independent else rest
        bounds = [f"batch < {int(at['batch'])}"] if at else []
        bounds += [f"batch >= {int(place.upper['batch'])}"] if place.upper else []
        where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
        newest = [self.db.value(f"SELECT max(batch) FROM {view.table}{where}") for view in self.views]
        found = [int(batch) for batch in newest if batch is not None]
        if not found:
            return None
        return self._newest(max(found), rows, where) if self.rows_are_independent else JournalSlice(max(found))

    def _newest(self, batch: int, rows: int, where: str) -> JournalSlice:
        """Return the newest batches that have about ``rows`` rows together, or part of ``batch`` if it has more."""
        table = self.views[0].table
        beyond = self.db.value(f"SELECT batch FROM {table}{where} ORDER BY batch DESC LIMIT 1 OFFSET {int(rows)}")
        # Together, batches with few rows each would lie all over the table, which may be quicker to read as a whole.
        is_dense = self.forward.rows_done >= self.forward.rows_seen * DENSE
        if (beyond is not None and int(beyond) == batch) or not is_dense:
            return self.views[0].first(JournalSlice(batch), rows)
        oldest = self.db.value(f"SELECT min(batch) FROM {table}{where}") if beyond is None else int(beyond) + 1
        return JournalSlice(batch, oldest=int(oldest))

    def change(self, slice: JournalSlice, place: KeyRange, batch: int) -> Outcome:
        outcome = self._undo_slice(slice)
        if outcome.conflicting and self.policy == ABORT:
            raise conflicts_stop(self.run, self.forward, outcome.conflicting)
        return outcome

    def _undo_slice(self, slice: JournalSlice) -> Outcome:
        if not {view.kind for view in self.views} >= {JournalKind.CREATE, JournalKind.UPDATE}:
            return self._undo_once(slice)
        self.undo.needed.clear()
        while True:  # each time with more created rows that stay
            try:
                with transaction.atomic(using=self.run.alias):
                    return self._undo_once(slice)
            except StillNeeded as found:
                for table, keys in found.rows.items():
                    self.undo.needed.setdefault(table, []).extend(keys)

    def _undo_once(self, slice: JournalSlice) -> Outcome:
        outcome = Outcome()
        for view in self.views:
            restored = WAYS[view.kind](self.undo, view, slice, self.views)
            outcome.done += restored.rows
            outcome.conflicting += restored.conflicts
            outcome.seen += restored.rows + restored.conflicts
        if len(self.views) > 1:  # a single one is halved down to the row instead
            blocked = take_back_dangling(self.undo, self.views, slice)
            outcome.done -= blocked
            outcome.conflicting += blocked
        return outcome

    def checkpoint(self, slice: JournalSlice) -> Any:
        if slice.high is None:
            return {"batch": slice.batch if slice.oldest is None else slice.oldest}
        return {"batch": slice.batch, "oldest": slice.oldest, "key": slice.high}

    def halves(self, slice: JournalSlice) -> Sequence[JournalSlice] | None:
        return None if self.rows_belong_together else self.views[0].halves(slice)

    @property
    def rows_belong_together(self) -> bool:
        """Return whether rows of several tables have to be undone in one transaction."""
        tables = {tuple(view.record.keys) for view in self.views}
        return len(tables) != 1 or self.forward.kind in (StepKind.DELETE, StepKind.RECORD)

    def again(self, key: Any) -> JournalSlice:
        raise NotImplementedError("undo lists a row it cannot restore as a conflict")

    def mend(self, error: Exception) -> bool:
        if not self.undo.parks and self.db.is_unique_violation(error):
            self.undo.parks = True
            return True
        if not self.undo.in_halves and self.rows_belong_together:
            self.undo.in_halves = True
            return True
        return False

    def set_aside(self, slice: JournalSlice, place: KeyRange, error: Exception) -> Outcome:
        """List the slice's row as a conflict: another row has its unique value, or its parent is gone."""
        if self.policy == ABORT:
            raise conflicts_stop(self.run, self.forward, 1) from None
        if any(view.count(slice) > 1 for view in self.views) or len(self.views) > 1:
            raise error
        view = self.views[0]
        within, params = view.within(slice)
        found = self.db.row(f"SELECT {view.key_text()} FROM {view.table} WHERE {within}", params)
        ConflictingRow.objects.using(self.run.alias).create(
            step_id=self.step.pk, target=view.target, key=found[0] if found else json.dumps(slice.high),
            reason="blocked", outcome="kept",
        )  # fmt: skip
        return Outcome(seen=1, conflicting=1)


def conflicts_stop(run: ActiveRun, step: Step, count: int) -> UndoConflicts:
    return UndoConflicts(
        f"{run}, {step}",
        f"{count:,} rows were changed since, and on_conflict is 'abort'.",
        standing="These rows are as the application left them; nothing was restored over them.",
        todo="Count them with `manage.py safe_rollback --dry-run`, then undo with --on-conflict keep or overwrite.",
        conflicts=count,
    )
