"""
What undoing several migrations would meet: rows changed since, counted before anything is undone.

Each step is judged by what its table holds now. So it is counted only where that is what its undo will find: no newer
step of the plan brings the table back to another shape, or its rows to values that are compared otherwise.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.migrations import Migration
from django.db.migrations.operations.fields import FieldOperation
from django.db.migrations.operations.models import IndexOperation, ModelOperation
from django.db.migrations.operations.special import RunPython, SeparateDatabaseAndState

from ..databases.base import Database
from ..journal import altered, retired
from ..journal.conflicts import count_conflicts
from ..journal.restore import JOURNALLED, fault_of
from ..journal.step_views import journals_of
from ..models import JournalTable, Run, Step
from ..operations.base import ReversibleOperation, flattened
from ..states import UNFINISHED, JournalKind, RunStatus, StepKind
from .readiness import steps_to_restore

# What changes no values but those that are journalled. Code without a journal is taken to put back what it changed.
PLAIN = (ReversibleOperation, ModelOperation, FieldOperation, IndexOperation, SeparateDatabaseAndState, RunPython)


@dataclass
class Met:
    """What the undo of one run would meet; with ``is_partial`` some of its rows could not be counted."""

    rows: int = 0
    conflicts: int = 0
    notes: list[str] = field(default_factory=list)
    is_partial: bool = False


def met_by(migrations: Iterable[tuple[Migration, Sequence[Run]]], db: Database) -> dict[int, Met]:
    """
    Return what undoing ``migrations`` with their runs, in this order, would meet, by the number of the run.

    A run of which nothing can be counted is not among them.
    """
    plan = _Plan(db)
    for migration, runs in migrations:
        plan.ends_here = plan.ends_here or _hides_rows(migration)
        for run in runs:
            if run.status in (RunStatus.DONE, *UNFINISHED):
                for step in steps_to_restore(run, db.alias):
                    plan.add(step)
    plan.count_rows()
    return plan.met


def _hides_rows(migration: Migration) -> bool:
    """Return whether undoing ``migration`` may leave rows as nobody knows them; shapes are looked at step by step."""
    return not all(isinstance(operation, PLAIN) for operation in flattened(migration.operations))


class _Plan:
    """The steps of a plan, newest first, and the tables that the newer ones of them change."""

    def __init__(self, db: Database):
        self.db, self.met = db, dict[int, Met]()
        self.ends_here = False
        self.counted: list[Step] = []
        self.written: set[str] = set()  # tables whose rows a newer step puts back
        self.hidden: set[str] = set()  # tables of which older steps cannot be counted

    def add(self, step: Step) -> None:
        journals = journals_of(step, self.db.alias)
        if step.kind in JOURNALLED:
            self._add_rows(step, {journal.target for journal in journals})
            return
        for journal in journals if step.kind in (StepKind.RETIRE, StepKind.OPERATION) else ():
            if journal.kind == JournalKind.RETIRED:
                self._add_retired(step, journal)
            else:
                self._add_altered(step, journal)

    def _of(self, step: Step) -> Met:
        return self.met.setdefault(step.run_id, Met())

    def _add_rows(self, step: Step, targets: set[str]) -> None:
        if self.ends_here or targets & self.hidden or fault_of(step.run, step, self.db) is not None:
            self._of(step).is_partial = True
            self.hidden |= targets
        else:
            self._of(step)
            self.counted.append(step)
            self.written |= targets

    def _add_altered(self, step: Step, journal: JournalTable) -> None:
        met = self._of(step)
        is_hidden = self.ends_here or journal.target in self.written | self.hidden
        if is_hidden or fault_of(step.run, step, self.db) is not None:
            met.is_partial = True
        else:
            met.rows += journal.rows
            met.conflicts += altered.count_changed(self.db, journal)
        self.hidden.add(journal.target)

    def _add_retired(self, step: Step, journal: JournalTable) -> None:
        met, seen = self._of(step), self.written | self.hidden
        targets = {target for _, target, _ in journal.remembered["references"]}
        can_be_counted = not self.ends_here and not seen & {journal.target, *targets}
        if not can_be_counted or retired.fault_of_retired("", journal, self.db) is not None:
            met.is_partial = True
            return
        met.rows += journal.rows
        met.conflicts += retired.count_dangling(self.db, journal)
        met.notes += retired.newcomers(self.db, journal)

    def count_rows(self) -> None:
        for count in count_conflicts(self.counted, self.db):
            met = self._of(count.step)
            met.rows += count.rows
            met.conflicts += count.conflicts
