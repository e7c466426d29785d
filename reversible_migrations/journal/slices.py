"""
Undoing one slice of one journal: the SQL that puts rows back, and finds those changed since.

Each kind goes the same way. One statement restores every row that is as the patch left it; if
that was not all of them, the rest is restored column by column where the policy lets it, and what
still differs is listed as a conflict. All in the batch's transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import IntegrityError, transaction

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

    def bounds(self, part: JournalSlice) -> tuple[str, list[Any]]:
        """
        Return the condition that a key of the target lies between the slice's least and greatest one.

        It follows from the join, but without it a planner may read a whole large table for one slice.
        """
        sql, params = self.within(part)
        values = ", ".join(self.db.key_value(image) for image in self.key_images)
        catalogue = self.db.columns(self.target)
        placeholders = ", ".join(self.db.key_parameter(catalogue[name]) for name in self.record.keys)
        conditions, bounds = [], list[Any]()
        for direction, operator in (("ASC", ">="), ("DESC", "<=")):
            order = ", ".join(f"{image} {direction}" for image in self.key_images)
            found = self.db.row(f"SELECT {values} FROM {self.table} WHERE {sql} ORDER BY {order} LIMIT 1", params)
            if found is not None:
                conditions.append(f"({', '.join(self.keys)}) {operator} ({placeholders})")
                bounds += self.db.key_params(self.db.key_to_json(found))
        return " AND ".join(conditions) or "TRUE", bounds

    def key_text(self) -> str:
        parts = [f"CAST({image} AS text)" for image in self.key_images]
        return " || ', ' || ".join(parts)


class BoundSlice:
    """One slice of one journal, with the SQL that picks its rows and joins them to their target."""

    def __init__(self, view: JournalView, part: JournalSlice):
        self.view, self.part = view, part
        self.within, self.params = view.within(part)
        self.total = view.count(part)

    @cached_property
    def bounds(self) -> tuple[str, list[Any]]:
        return self.view.bounds(self.part) if self.view.db.bounds_joins and self.total else ("TRUE", [])

    @property
    def joined(self) -> str:
        return f"{self.view.joined} AND {self.bounds[0]}"

    @property
    def both(self) -> tuple[str, list[Any]]:
        """Return the condition for ``FROM journal, target``."""
        return f"{self.within} AND {self.joined}", [*self.params, *self.bounds[1]]


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
        here = BoundSlice(view, part)
        if self.policy == OVERWRITE:
            return self._overwrite_updated(here)
        condition, params = here.both
        restored = self.db.execute(
            f"UPDATE {view.target} SET {self._set(view, view.before)} FROM {view.table}"
            f" WHERE {condition} AND {self.db.same(view.columns, view.after)}",
            params,
        )
        if restored == here.total:
            return Restored(restored, 0)
        if len(view.columns) > 1:
            by_column = [
                f"CASE WHEN {self.db.same([c], [a])} THEN {b} ELSE {c} END"
                for c, b, a in zip(view.columns, view.before, view.after, strict=True)
            ]
            self.db.execute(
                f"UPDATE {view.target} SET {self._set(view, by_column)} FROM {view.table}"
                f" WHERE {condition} AND NOT {self.db.same(view.columns, view.before)}",
                params,
            )
        conflicts = self._list(here, self._changed_since(view))
        return Restored(here.total - conflicts, conflicts)

    def _overwrite_updated(self, here: BoundSlice) -> Restored:
        view = here.view
        self._lock(here)
        conflicts = self._list(here, self._changed_since(view))
        condition, params = here.both
        restored = self.db.execute(
            f"UPDATE {view.target} SET {self._set(view, self._own_changes(view))} FROM {view.table} WHERE {condition}",
            params,
        )
        return Restored(restored, conflicts)

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
        here = BoundSlice(view, part)
        condition, params = here.both
        if self.policy != OVERWRITE:
            condition += f" AND {self.db.same(view.columns, view.after)}"
            condition += "".join(self._untouched_in(other, view) for other in all_views if other is not view)
        free = self._unreferenced(view, part)
        removed = self.db.delete_joined(
            view.target, view.record.keys, view.table, condition + free[0], [*params, *free[1]]
        )
        if removed == here.total:
            return Restored(removed, 0)
        reason = f"CASE WHEN {self.db.same(view.columns, view.after)} THEN 'referenced' ELSE 'changed' END"
        conflicts = self._list(here, f"{view.keys[0]} IS NOT NULL", reason, "'kept'")
        return Restored(here.total - conflicts, conflicts)

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
        here = BoundSlice(view, part)
        listed = 0
        if self.policy == OVERWRITE:
            self._lock(here)
            there = f"{view.keys[0]} IS NOT NULL AND NOT {self.db.same(view.columns, view.before)}"
            listed = self._list(here, there, "'re-created'")
        restored = self._insert(view, here.within, here.params, all_views)
        if restored == here.total:
            return Restored(restored, listed)
        missing = f"({view.keys[0]} IS NULL OR NOT {self.db.same(view.columns, view.before)})"
        reason = f"CASE WHEN {view.keys[0]} IS NULL THEN 'blocked' ELSE 're-created' END"
        conflicts = self._list(here, missing, reason, "'kept'")
        return Restored(here.total - conflicts, conflicts + listed)

    def _insert(self, view: JournalView, within: str, params: Sequence[Any], all_views: Sequence[JournalView]) -> int:
        present, has_own = self._parents_present(view, all_views)
        names = ", ".join(self.db.literal(self.db.quote(name)) for name in view.names)
        statement = (
            f"INSERT INTO {view.target} ({names}){self.db.overriding} SELECT {', '.join(view.before)}"
            f" FROM {view.table} WHERE {within}{present}"
        )
        if self.policy != OVERWRITE and not has_own:
            try:  # a row that is there again is rare, and looking out for one takes twice the time
                with transaction.atomic(using=self.db.alias):
                    return self.db.execute(statement, params)
            except IntegrityError:
                pass
        statement = f"{statement} ON CONFLICT {self._resolution(view)}"
        restored = inserted = self.db.execute(statement, params)
        while has_own and inserted and self.policy != OVERWRITE:  # children of the rows just inserted
            inserted = self.db.execute(statement, params)
            restored += inserted
        return restored

    def _resolution(self, view: JournalView) -> str:
        if self.policy != OVERWRITE:
            return "DO NOTHING"
        keys = ", ".join(self.db.literal(self.db.quote(key)) for key in view.record.keys)
        excluded = [f"excluded.{self.db.literal(self.db.quote(name))}" for name in view.names]
        return f"({keys}) DO UPDATE SET {self._set(view, excluded)}"

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

    def _lock(self, here: BoundSlice) -> None:
        if self.db.lock_clause:
            condition, params = here.both
            self.db.rows(
                f"SELECT 1 FROM {here.view.target}, {here.view.table} WHERE {condition}"
                f"{self.db.lock_clause} OF {here.view.target}",
                params,
            )

    def _list(self, here: BoundSlice, condition: str, reason: str = "", outcome: str = "") -> int:
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
