"""
Undo of one step from its journals, batch by batch, newest first.

Before the first row is touched everything is checked: the journals are there, and the tables
still have the columns and types that were recorded.

What undo cannot tell: where two steps changed one column, a value that the application wrote since and
that equals exactly the one between the two steps counts as the patch's own, and is undone with it.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from django.db import DataError, IntegrityError, transaction

from ..batches.runner import Outcome
from ..databases.base import Database
from ..exceptions import JournalMismatch, MissingJournal, ReversibleMigrationError, UndoConflicts
from ..models import ConflictingRow, JournalTable, Run, Step
from ..runs.run import ActiveRun
from ..states import JournalKind, JournalState, StepKind
from .changed_rows import restore_changed
from .created_rows import remove_created
from .dangling import StillNeeded, take_back_dangling
from .deleted_rows import reinsert_deleted
from .slice_undo import ABORT, Restored, SliceUndo
from .step_views import journals_of, views_of
from .tables import index_keys
from .views import JournalSlice, JournalView

WAYS: dict[JournalKind, Callable[[SliceUndo, JournalView, JournalSlice, Sequence[JournalView]], Restored]] = {
    JournalKind.UPDATE: restore_changed,
    JournalKind.CREATE: remove_created,
    JournalKind.DELETE: reinsert_deleted,
}
JOURNALLED = (StepKind.UPDATE, StepKind.TRANSFORM, StepKind.CREATE, StepKind.DELETE, StepKind.RECORD)


def fault_of(run: Run, step: Step, db: Database) -> ReversibleMigrationError | None:
    """Return why ``step`` cannot be undone, or None if it can."""
    where = f"{run.migration}, {step}"
    for journal in journals_of(step, db.alias):
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
    purged = journal.state == JournalState.PURGED and journal.closed_at is not None
    since = f"purged on {journal.closed_at:%Y-%m-%d %H:%M}" if purged else "dropped by someone else"
    return MissingJournal(
        where,
        f"the rollback data of {journal.target} ({journal.rows:,} rows) was {since}.",
        todo="It cannot be undone from here: restore it from a backup, or mark it as unapplied with --fake.",
    )


def refuse_missing(run: Run, db: Database) -> None:
    """Raise ``MissingJournal`` if rollback data of any step of the forward ``run`` is gone."""
    journals = JournalTable.objects.using(db.alias).filter(step__run_id=run.pk).select_related("step")
    for journal in journals.exclude(state=JournalState.RESTORED):
        if is_missing(journal, db):
            raise missing(f"{run.migration}, {journal.step}", journal)


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
    """The batches of an undo step: the forward batches, newest first."""

    splits_on: tuple[type[Exception], ...] = (IntegrityError, DataError)
    may_share_snapshot = False

    def __init__(self, run: ActiveRun, forward: Step, step: Step, policy: str):
        self.run, self.forward, self.step, self.policy = run, forward, step, policy
        self.db = run.db
        self.views = views_of(forward, run.db)
        self.undo = SliceUndo(run.db, step.pk, policy)

    def prepare(self) -> None:
        """Index the journals by batch, and by key where its rows may point at created ones; harmless when repeated."""
        targets = {view.target for view in self.views}
        created = [view.target for view in self.views if view.kind == JournalKind.CREATE]
        point = any(reference.table in targets for target in created for reference in self.undo.references_to(target))
        for view in self.views:
            with transaction.atomic(using=self.run.alias):
                self.run.fence()
                self.db.index_batches(view.table)
                if view.kind != JournalKind.DELETE:  # what is only inserted is joined to nothing
                    self.db.analyze(view.table)
                if point:
                    index_keys(self.db, view.table, view.record)

    def next(self, checkpoint: Any, rows: int) -> JournalSlice | None:
        if checkpoint and "key" in checkpoint:
            return JournalSlice(checkpoint["batch"], low=checkpoint["key"])
        below = checkpoint["batch"] if checkpoint else None
        newest = [self._newest(view, below) for view in self.views]
        found = [batch for batch in newest if batch is not None]
        return JournalSlice(max(found)) if found else None

    def _newest(self, view: JournalView, below: int | None) -> int | None:
        where = f" WHERE batch < {int(below)}" if below is not None else ""
        found = self.db.value(f"SELECT max(batch) FROM {view.table}{where}")
        return None if found is None else int(found)

    def change(self, slice: JournalSlice, batch: int) -> Outcome:
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
            return {"batch": slice.batch}
        return {"batch": slice.batch, "key": slice.high}

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

    def set_aside(self, slice: JournalSlice, error: Exception) -> Outcome:
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
