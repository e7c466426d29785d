"""
Undoing one slice of one journal: the SQL that puts rows back, and finds those changed since.

Each kind goes the same way. One statement restores every row that is as the patch left it; if
that was not all of them, the rest is restored column by column where the policy lets it, and what
still differs is listed as a conflict. All in the batch's transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..databases.base import Database, Key, Reference
from ..models import ConflictingRow, JournalTable
from ..states import JournalKind
from .tables import columns_of

KEEP, OVERWRITE, ABORT = "keep", "overwrite", "abort"


@dataclass(frozen=True)
class JournalSlice:
    """The rows of a journal's batch, all or those with ``low < key <= high``."""

    batch: int
    low: Key | None = None
    high: Key | None = None


class JournalView:
    """A journal as SQL: its own table, or the net changes of a recording."""

    def __init__(self, db: Database, record: JournalTable, kind: str | None = None, table: str | None = None):
        self.db, self.record = db, record
        self.kind = JournalKind(kind or record.kind)
        self.table = table or db.quote(record.table_name)
        self.target: str = record.target
        self.names = columns_of(record)
        self.keys = [db.column(self.target, key) for key in record.keys]
        self.key_images = self._images("key", record.keys)
        self.columns = [db.column(self.target, name) for name in self.names]
        self.before = self._images("before", self.names)
        self.after = self._images("after", self.names)
        self.joined = " AND ".join(f"{a} = {b}" for a, b in zip(self.keys, self.key_images, strict=True))

    def _images(self, prefix: str, names: Sequence[str]) -> list[str]:
        return [f"{self.table}.{image}" for image in self.db.images(prefix, names)]

    def within(self, part: JournalSlice) -> tuple[str, list[Any]]:
        """Return the condition that chooses the slice's rows of the journal, and its parameters."""
        sql, params = f"{self.table}.batch = %s", [part.batch]
        catalogue = self.db.columns(self.target)
        values = ", ".join(self.db.key_parameter(catalogue[name]) for name in self.record.keys)
        for operator, bound in ((">", part.low), ("<=", part.high)):
            if bound is not None:
                sql += f" AND ({', '.join(self.key_images)}) {operator} ({values})"
                params += self.db.key_params(bound)
        if self.record.kind == JournalKind.RECORD:
            sql += f" AND {self.table}.net = '{NET_OF[self.kind]}'"
        return sql, params

    def count(self, part: JournalSlice) -> int:
        sql, params = self.within(part)
        return int(self.db.value(f"SELECT count(*) FROM {self.table} WHERE {sql}", params) or 0)

    def key_text(self) -> str:
        parts = [f"CAST({image} AS {'text'})" for image in self.key_images]
        return " || ', ' || ".join(parts)


NET_OF = {JournalKind.UPDATE: "U", JournalKind.CREATE: "I", JournalKind.DELETE: "D"}


@dataclass(frozen=True)
class Restored:
    rows: int
    conflicts: int


class SliceRestorer:
    """Restores slices for one undo step, under one policy for conflicts."""

    def __init__(self, db: Database, step_id: int, policy: str):
        self.db, self.step_id, self.policy = db, step_id, policy
        self.ways: dict[JournalKind, Callable[[JournalView, JournalSlice, Sequence[JournalView]], Restored]] = {
            JournalKind.UPDATE: self.restore_updated,
            JournalKind.CREATE: self.remove_created,
            JournalKind.DELETE: self.reinsert_deleted,
        }
        self._references: dict[str, list[Reference]] = {}

    def restore(self, view: JournalView, part: JournalSlice, all_views: Sequence[JournalView]) -> Restored:
        return self.ways[view.kind](view, part, all_views)

    # Changed rows

    def restore_updated(self, view: JournalView, part: JournalSlice, all_views: Sequence[JournalView]) -> Restored:
        within, params = view.within(part)
        total = view.count(part)
        if self.policy == OVERWRITE:
            self._lock(view, within, params)
            conflicts = self._list(view, self._changed_since(view), within, params)
        same = self.db.same(view.columns, view.after)
        untouched = f" AND {same}" if self.policy != OVERWRITE else ""
        whole = self._set(view, view.before if self.policy != OVERWRITE else self._own_changes(view))
        restored = self.db.execute(
            f"UPDATE {view.target} SET {whole} FROM {view.table} WHERE {within} AND {view.joined}{untouched}", params
        )
        if self.policy == OVERWRITE or restored == total:
            return Restored(restored, conflicts if self.policy == OVERWRITE else 0)
        if len(view.columns) > 1:
            by_column = [
                f"CASE WHEN {self.db.same([c], [a])} THEN {b} ELSE {c} END"
                for c, b, a in zip(view.columns, view.before, view.after, strict=True)
            ]
            self.db.execute(
                f"UPDATE {view.target} SET {self._set(view, by_column)} FROM {view.table}"
                f" WHERE {within} AND {view.joined} AND NOT {self.db.same(view.columns, view.before)}",
                params,
            )
        conflicts = self._list(view, self._changed_since(view), within, params)
        return Restored(total - conflicts, conflicts)

    def _set(self, view: JournalView, values: Sequence[str]) -> str:
        names = [self.db.literal(self.db.quote(name)) for name in view.names]
        return ", ".join(f"{name} = {value}" for name, value in zip(names, values, strict=True))

    def _own_changes(self, view: JournalView) -> list[str]:
        """Return the before-image of each column that the patch changed, else the column as it is."""
        return [
            f"CASE WHEN {self.db.same([b], [a])} THEN {c} ELSE {b} END"
            for c, b, a in zip(view.columns, view.before, view.after, strict=True)
        ]

    def _changed_since(self, view: JournalView) -> str:
        """Return the condition of a row that holds a value of neither image, or is not there."""
        held = view.before if self.policy != OVERWRITE else view.after
        differing = [
            f"(NOT {self.db.same([b], [a])} AND NOT {self.db.same([c], [h])})"
            for c, b, a, h in zip(view.columns, view.before, view.after, held, strict=True)
        ]
        return f"({view.keys[0]} IS NULL OR {' OR '.join(differing)})"

    # Created rows

    def remove_created(self, view: JournalView, part: JournalSlice, all_views: Sequence[JournalView]) -> Restored:
        within, params = view.within(part)
        total = view.count(part)
        condition = f"{within} AND {view.joined}"
        if self.policy != OVERWRITE:
            condition += f" AND {self.db.same(view.columns, view.after)}"
            condition += "".join(self._untouched_in(other, view) for other in all_views if other is not view)
        free = self._unreferenced(view, part)
        removed = self.db.delete_joined(
            view.target, view.record.keys, view.table, condition + free[0], [*params, *free[1]]
        )
        if removed == total:
            return Restored(removed, 0)
        reason = f"CASE WHEN {self.db.same(view.columns, view.after)} THEN 'referenced' ELSE 'changed' END"
        conflicts = self._list(view, f"{view.keys[0]} IS NOT NULL", within, params, reason, "'kept'")
        return Restored(total - conflicts, conflicts)

    def _untouched_in(self, other: JournalView, view: JournalView) -> str:
        """Return the condition that the other tables of an inherited row are as the patch left them."""
        if other.record.columns.get("object") is None or other.record.columns["object"] != view.record.columns.get(
            "object"
        ):
            return ""
        key = " AND ".join(f"{a} = {b}" for a, b in zip(other.key_images, view.key_images, strict=True))
        return (
            f" AND NOT EXISTS (SELECT 1 FROM {other.table} JOIN {other.target} ON {other.joined}"
            f" WHERE {key} AND NOT {self.db.same(other.columns, other.after)})"
        )

    def _unreferenced(self, view: JournalView, part: JournalSlice) -> tuple[str, list[Any]]:
        """Return the condition that no other row points at the row."""
        sql, params = "", list[Any]()
        for number, reference in enumerate(self.references(view.target)):
            if reference.target != view.target:
                continue
            alias = f"rm_ref_{number}"
            pointing = " AND ".join(
                f"{alias}.{self.db.literal(self.db.quote(a))} = {self.db.column(view.target, b)}"
                for a, b in zip(reference.columns, reference.target_columns, strict=True)
            )
            own = ""
            if reference.table == view.target:  # rows that go in the same slice do not count
                inner = f"rm_own_{number}"
                within, more = view.within(part)
                keys = " AND ".join(
                    f"{inner}.{image} = {alias}.{self.db.literal(self.db.quote(key))}"
                    for key, image in zip(view.record.keys, self.db.images("key", view.record.keys), strict=True)
                )
                own = (
                    f" AND NOT EXISTS (SELECT 1 FROM {view.table} AS {inner}"
                    f" WHERE {within.replace(view.table + '.', inner + '.')} AND {keys})"
                )
                params += more
            sql += f" AND NOT EXISTS (SELECT 1 FROM {reference.table} AS {alias} WHERE {pointing}{own})"
        return sql, params

    def references(self, table: str) -> list[Reference]:
        if table not in self._references:
            self._references[table] = self.db.references(table)
        return self._references[table]

    # Deleted rows

    def reinsert_deleted(self, view: JournalView, part: JournalSlice, all_views: Sequence[JournalView]) -> Restored:
        within, params = view.within(part)
        total = view.count(part)
        listed = 0
        if self.policy == OVERWRITE:
            self._lock(view, within, params)
            there = f"{view.keys[0]} IS NOT NULL AND NOT {self.db.same(view.columns, view.before)}"
            listed = self._list(view, there, within, params, "'re-created'")
        restored = self._insert(view, within, params, all_views)
        if restored == total:
            return Restored(restored, listed)
        missing = f"({view.keys[0]} IS NULL OR NOT {self.db.same(view.columns, view.before)})"
        reason = f"CASE WHEN {view.keys[0]} IS NULL THEN 'blocked' ELSE 're-created' END"
        conflicts = self._list(view, missing, within, params, reason, "'kept'")
        return Restored(total - conflicts, conflicts + listed)

    def _insert(self, view: JournalView, within: str, params: Sequence[Any], all_views: Sequence[JournalView]) -> int:
        names = ", ".join(self.db.literal(self.db.quote(name)) for name in view.names)
        resolved = "DO NOTHING"
        if self.policy == OVERWRITE:
            keys = ", ".join(self.db.literal(self.db.quote(key)) for key in view.record.keys)
            excluded = [f"excluded.{self.db.literal(self.db.quote(name))}" for name in view.names]
            resolved = f"({keys}) DO UPDATE SET {self._set(view, excluded)}"
        present, has_own = self._parents_present(view, all_views)
        statement = (
            f"INSERT INTO {view.target} ({names}){self.db.overriding} SELECT {', '.join(view.before)}"
            f" FROM {view.table} WHERE {within}{present} ON CONFLICT {resolved}"
        )
        restored = inserted = self.db.execute(statement, params)
        while has_own and inserted and self.policy != OVERWRITE:  # children of the rows just inserted
            inserted = self.db.execute(statement, params)
            restored += inserted
        return restored

    def _parents_present(self, view: JournalView, all_views: Sequence[JournalView]) -> tuple[str, bool]:
        """Return the condition that the rows a row points at are there, and whether it may point at its own table."""
        sql, has_own = "", False
        places = {other.target: place for place, other in enumerate(all_views)}
        for number, reference in enumerate(self.references(view.target)):
            if reference.table != view.target:
                continue
            if places.get(reference.target, -1) > places[view.target]:
                continue  # in a circle, and inserted later in this transaction
            has_own = has_own or reference.target == view.target
            alias = f"rm_ref_{number}"
            images = dict(zip(view.names, view.before, strict=True))
            pointing = [images[name] for name in reference.columns]
            met = " AND ".join(
                f"{alias}.{self.db.literal(self.db.quote(b))} = {a}"
                for a, b in zip(pointing, reference.target_columns, strict=True)
            )
            itself = ""
            if reference.target == view.target:
                same_row = [f"{a} = {images[b]}" for a, b in zip(pointing, reference.target_columns, strict=True)]
                itself = f" OR ({' AND '.join(same_row)})"
            nulls = " OR ".join(f"{a} IS NULL" for a in pointing)
            sql += f" AND ({nulls}{itself} OR EXISTS (SELECT 1 FROM {reference.target} AS {alias} WHERE {met}))"
        return sql, has_own

    # Conflicts

    def _lock(self, view: JournalView, within: str, params: Sequence[Any]) -> None:
        if self.db.lock_clause:
            self.db.rows(
                f"SELECT 1 FROM {view.target} JOIN {view.table} ON {view.joined} WHERE {within}"
                f"{self.db.lock_clause} OF {view.target}",
                params,
            )

    def _list(
        self, view: JournalView, condition: str, within: str, params: Sequence[Any], reason: str = "", outcome: str = ""
    ) -> int:
        """List the rows of a slice that meet ``condition`` as conflicts; return how many."""
        reason = reason or f"CASE WHEN {view.keys[0]} IS NULL THEN 'gone' ELSE 'changed' END"
        overwritten = "'overwritten'" if self.policy == OVERWRITE else "'kept'"
        outcome = outcome or f"CASE WHEN {view.keys[0]} IS NULL THEN 'kept' ELSE {overwritten} END"
        ledger = self.db.quote(ConflictingRow._meta.db_table)
        return self.db.execute(
            f"INSERT INTO {ledger} (step_id, target, key, reason, outcome)"
            f" SELECT {int(self.step_id)}, %s, {view.key_text()}, {reason}, {outcome}"
            f" FROM {view.table} LEFT JOIN {view.target} ON {view.joined} WHERE {within} AND {condition}",
            [view.target, *params],
        )

    def conflict_condition(self, view: JournalView) -> str:
        """Return the condition of a row of ``view`` LEFT JOIN its target that was changed since."""
        missing, same = f"{view.keys[0]} IS NULL", self.db.same
        if view.kind == JournalKind.UPDATE:
            differing = [
                f"(NOT {same([b], [a])} AND NOT {same([c], [a])})"
                for c, b, a in zip(view.columns, view.before, view.after, strict=True)
            ]
            return f"({missing} OR {' OR '.join(differing)})"
        if view.kind == JournalKind.CREATE:
            return f"(NOT {missing} AND NOT {same(view.columns, view.after)})"
        return f"(NOT {missing} AND NOT {same(view.columns, view.before)})"
