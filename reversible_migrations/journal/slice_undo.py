"""
What undoing a slice of a journal goes by: the database, the undo step, and its policy for conflicts.

Each kind of change is undone the same way. One statement restores every row that is as the patch
left it; if that was not all of them, the rest is restored column by column where the policy lets it,
and what still differs is listed as a conflict. All in the batch's transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..databases.base import Database, Key, Reference
from ..models import ConflictingRow
from .views import BoundSlice, JournalView

KEEP, OVERWRITE, ABORT = "keep", "overwrite", "abort"


@dataclass(frozen=True)
class Restored:
    """How many rows of a slice are as they were before the patch, and how many are listed as conflicts."""

    rows: int
    conflicts: int


class SliceUndo:
    """How one undo step undoes its slices, and where it lists what it could not undo."""

    def __init__(self, db: Database, step_id: int, policy: str):
        self.db, self.step_id, self.policy = db, step_id, policy
        self.parks = False  # whether rows go over parking values, see unique_swaps
        self.in_halves = False  # whether changed rows are restored in savepoints, down to those that cannot be
        self.needed: dict[str, list[Key]] = {}  # by table: created rows that have to stay, see dangling
        self._references: dict[str, list[Reference]] = {}

    def references_from(self, table: str) -> list[Reference]:
        return [reference for reference in self._known(table) if reference.table == table]

    def references_to(self, table: str) -> list[Reference]:
        return [reference for reference in self._known(table) if reference.target == table]

    def _known(self, table: str) -> list[Reference]:
        if table not in self._references:
            self._references[table] = self.db.references(table)
        return self._references[table]

    def assign(self, view: JournalView, values: Sequence[str]) -> str:
        """Return the SET that gives the view's columns ``values``."""
        names = [self.db.literal(self.db.quote(name)) for name in view.names]
        return ", ".join(f"{name} = {value}" for name, value in zip(names, values, strict=True))

    def lock(self, here: BoundSlice) -> None:
        """Lock the slice's rows, so that what is listed as overwritten is what will be overwritten."""
        if self.db.lock_clause:
            condition, params = here.both
            self.db.rows(
                f"SELECT 1 FROM {here.view.target}, {here.view.table} WHERE {condition}"
                f"{self.db.lock_clause} OF {here.view.target}",
                params,
            )

    def list_conflicts(self, here: BoundSlice, condition: str, reason: str = "", outcome: str = "") -> int:
        """List the rows of a slice that meet ``condition`` as conflicts; return how many."""
        view = here.view
        reason = reason or f"CASE WHEN {view.keys[0]} IS NULL THEN 'gone' ELSE 'changed' END"
        overwritten = "'overwritten'" if self.policy == OVERWRITE else "'kept'"
        outcome = outcome or f"CASE WHEN {view.keys[0]} IS NULL THEN 'kept' ELSE {overwritten} END"
        ledger = self.db.quote(ConflictingRow._meta.db_table)
        return self.db.execute(
            f"INSERT INTO {ledger} (step_id, target, key, reason, outcome)"
            f" SELECT {int(self.step_id)}, %s, {view.key_text()}, {reason}, {outcome}"
            f" FROM {view.table} LEFT JOIN {view.target} ON {here.joined} WHERE {here.within} AND {condition}",
            [view.target, *here.bounds[1], *here.params],
        )
