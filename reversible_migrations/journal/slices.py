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
from .unique_swaps import parking_values, restore_by_parking

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


class LaterChange:
    """A newer journal of the same table, joined under a name of its own to the rows of an older one."""

    def __init__(self, view: JournalView, alias: str):
        self.view, self.alias = view, alias

    def join(self, older: JournalView) -> str:
        images = self.view.db.images("key", self.view.record.keys)
        met = [f"{self.alias}.{i} = {k}" for i, k in zip(images, older.key_images, strict=True)]
        if self.view.record.kind == JournalKind.RECORD:
            met.append(f"{self.alias}.net = '{NET_OF[self.view.kind]}'")
        return f" LEFT JOIN {self.view.table} AS {self.alias} ON {' AND '.join(met)}"

    @property
    def is_absent(self) -> str:
        return f"{self.alias}.{self.view.db.images('key', self.view.record.keys)[0]} IS NULL"

    def left_alone(self, column: str) -> str:
        """Return the condition that this change did not write ``column`` of the row."""
        if self.view.kind != JournalKind.UPDATE:
            return self.is_absent
        if column not in self.view.names:
            return "TRUE"
        db, place = self.view.db, self.view.names.index(column)
        before, after = (f"{self.alias}.{db.images(p, self.view.names)[place]}" for p in ("before", "after"))
        return f"({self.is_absent} OR {db.same([before], [after])})"


NET_OF = {JournalKind.UPDATE: "U", JournalKind.CREATE: "I", JournalKind.DELETE: "D"}


@dataclass(frozen=True)
class Restored:
    rows: int
    conflicts: int


class SliceRestorer:
    """Restores slices for one undo step, under one policy for conflicts."""

    def __init__(self, db: Database, step_id: int, policy: str):
        self.db, self.step_id, self.policy = db, step_id, policy
        self.parks = False  # whether rows go over parking values, see unique_swaps
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
        restored = self._restore_whole(here)
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
        conflicts = self.list_conflicts(here, self._changed_since(view))
        return Restored(here.total - conflicts, conflicts)

    def _restore_whole(self, here: BoundSlice) -> int:
        """Restore the rows of which every column is as the patch left it."""
        view = here.view
        condition, params = here.both
        condition = f"{condition} AND {self.db.same(view.columns, view.after)}"
        whole = self._set(view, view.before)
        values = parking_values(self.db, view.target, view.names) if self.parks else None
        if values is not None:
            return restore_by_parking(self.db, here, (condition, tuple(params)), whole, values)
        return self.db.execute(f"UPDATE {view.target} SET {whole} FROM {view.table} WHERE {condition}", params)

    def _overwrite_updated(self, here: BoundSlice) -> Restored:
        view = here.view
        self._lock(here)
        conflicts = self.list_conflicts(here, self._changed_since(view))
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
        free = self._unreferenced(view, part, all_views)
        removed = self.db.delete_joined(
            view.target, view.record.keys, view.table, condition + free[0], [*params, *free[1]]
        )
        if removed == here.total:
            return Restored(removed, 0)
        reason = f"CASE WHEN {self.db.same(view.columns, view.after)} THEN 'referenced' ELSE 'changed' END"
        conflicts = self.list_conflicts(here, f"{view.keys[0]} IS NOT NULL", reason, "'kept'")
        return Restored(here.total - conflicts, conflicts)

    def _untouched_in(self, other: JournalView, view: JournalView) -> str:
        """Return the condition that the other tables of an inherited row are as the patch left them."""
        if not other.record.kind == view.record.kind == JournalKind.CREATE:
            return ""  # of recorded code nobody knows which rows belong together
        key = " AND ".join(f"{a} = {b}" for a, b in zip(other.key_images, view.key_images, strict=True))
        return (
            f" AND NOT EXISTS (SELECT 1 FROM {other.table} JOIN {other.target} ON {other.joined}"
            f" WHERE {key} AND NOT {self.db.same(other.columns, other.after)})"
        )

    def _unreferenced(
        self, view: JournalView, part: JournalSlice, all_views: Sequence[JournalView]
    ) -> tuple[str, list[Any]]:
        """Return the condition that no other row points at the row, but those that this slice turns away from it."""
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
            for other in all_views:
                if other.kind == JournalKind.UPDATE and other.target == reference.table:
                    turned, more = self._turned_away(other, part, reference, alias)
                    own, params = own + turned, params + more
            sql += f" AND NOT EXISTS (SELECT 1 FROM {reference.table} AS {alias} WHERE {pointing}{own})"
        return sql, params

    def _turned_away(
        self, view: JournalView, part: JournalSlice, reference: Reference, alias: str
    ) -> tuple[str, list[Any]]:
        """Return the condition that ``view`` will not give the row ``alias`` back another ``reference``."""
        if not set(reference.columns) <= set(view.names):
            return "", []
        inner = f"{alias}_back"
        within, params = view.within(part)

        def images(prefix: str, names: Sequence[str]) -> dict[str, str]:
            return {n: f"{inner}.{i}" for n, i in zip(names, self.db.images(prefix, names), strict=True)}

        def own(names: Sequence[str]) -> list[str]:
            return [f"{alias}.{self.db.literal(self.db.quote(name))}" for name in names]

        before, after = images("before", view.names), images("after", view.names)
        keys = zip(own(view.record.keys), images("key", view.record.keys).values(), strict=True)
        pointed, back = [after[name] for name in reference.columns], [before[name] for name in reference.columns]
        met = [within.replace(f"{view.table}.", f"{inner}."), *(f"{a} = {b}" for a, b in keys)]
        met += [self.db.same(own(reference.columns), pointed), f"NOT {self.db.same(back, pointed)}"]
        return f" AND NOT EXISTS (SELECT 1 FROM {view.table} AS {inner} WHERE {' AND '.join(met)})", params

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
            listed = self.list_conflicts(here, there, "'re-created'")
        restored = self._insert(here, all_views)
        if restored == here.total:
            return Restored(restored, listed)
        missing = f"({view.keys[0]} IS NULL OR NOT {self.db.same(view.columns, view.before)})"
        reason = f"CASE WHEN {view.keys[0]} IS NULL THEN 'blocked' ELSE 're-created' END"
        conflicts = self.list_conflicts(here, missing, reason, "'kept'")
        return Restored(here.total - conflicts, conflicts + listed)

    def _insert(self, here: BoundSlice, all_views: Sequence[JournalView]) -> int:
        view = here.view
        own = [r for r in self.references(view.target) if r.table == view.target == r.target]
        present, more = self._parents_present(here, all_views)
        names = ", ".join(self.db.literal(self.db.quote(name)) for name in view.names)
        statement = (
            f"INSERT INTO {view.target} ({names}){self.db.overriding} SELECT {', '.join(view.before)}"
            f" FROM {view.table} WHERE {here.within}{present}"
        )
        params = [*here.params, *more]
        if self.policy != OVERWRITE and not own:
            try:  # a row that is there again is rare, and looking out for one takes twice the time
                with transaction.atomic(using=self.db.alias):
                    return self.db.execute(statement, params)
            except IntegrityError:
                pass
        present_before = self._overwrite_present(here) if self.policy == OVERWRITE else 0
        restored = self.db.execute(f"{statement} ON CONFLICT DO NOTHING", params)
        return present_before + restored - self._remove_orphans(here, own)

    def _remove_orphans(self, here: BoundSlice, own: Sequence[Reference]) -> int:
        """Take out again the rows whose parent in their own table could not be put back; return how many."""
        removed, view = 0, here.view
        missing = " OR ".join(self._parent_is_missing(view.target, f"rm_own_{n}", r) for n, r in enumerate(own))
        while own:
            condition, params = here.both
            found = self.db.delete_joined(
                view.target, view.record.keys, view.table, f"{condition} AND ({missing})", params
            )
            if not found:
                break
            removed += found
        return removed

    def _parent_is_missing(self, target: str, alias: str, reference: Reference) -> str:
        pairs = list(zip(reference.columns, reference.target_columns, strict=True))
        known = " AND ".join(f"{self.db.column(target, a)} IS NOT NULL" for a, _ in pairs)
        met = " AND ".join(f"{self.db.column(alias, b)} = {self.db.column(target, a)}" for a, b in pairs)
        return f"({known} AND NOT EXISTS (SELECT 1 FROM {target} AS {alias} WHERE {met}))"

    def _overwrite_present(self, here: BoundSlice) -> int:
        """Give the rows that are there again the values they had; none of them if a unique value is taken."""
        view = here.view
        condition, params = here.both
        try:
            with transaction.atomic(using=self.db.alias):
                return self.db.execute(
                    f"UPDATE {view.target} SET {self._set(view, view.before)} FROM {view.table} WHERE {condition}",
                    params,
                )
        except IntegrityError:
            return 0

    def _parents_present(self, here: BoundSlice, all_views: Sequence[JournalView]) -> tuple[str, list[Any]]:
        """Return the condition that the rows a row points at are there, or come with the same slice."""
        view = here.view
        sql, params = "", list[Any]()
        places = {other.target: place for place, other in enumerate(all_views)}
        images = dict(zip(view.names, view.before, strict=True))
        for number, reference in enumerate(self.references(view.target)):
            if reference.table != view.target:
                continue
            if places.get(reference.target, -1) > places[view.target]:
                continue  # in a circle, and inserted later in this transaction
            alias = f"rm_ref_{number}"
            pairs = list(zip(reference.columns, reference.target_columns, strict=True))
            nulls = " OR ".join(f"{images[a]} IS NULL" for a, _ in pairs)
            met = " AND ".join(f"{self.db.column(alias, b)} = {images[a]}" for a, b in pairs)
            beside = ""
            if reference.target == view.target:
                image_of = dict(zip(view.names, self.db.images("before", view.names), strict=True))
                same = " AND ".join(f"{alias}.{image_of[b]} = {images[a]}" for a, b in pairs)
                within = here.within.replace(view.table + ".", alias + ".")
                beside = f" OR EXISTS (SELECT 1 FROM {view.table} AS {alias} WHERE {within} AND {same})"
                params += here.params
            sql += f" AND ({nulls} OR EXISTS (SELECT 1 FROM {reference.target} AS {alias} WHERE {met}){beside})"
        return sql, params

    # Conflicts

    def _lock(self, here: BoundSlice) -> None:
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

    def conflict_condition(self, view: JournalView, later: Sequence[LaterChange] = ()) -> str:
        """
        Return the condition of a row of ``view`` LEFT JOIN its target that was changed since.

        What the joined ``later`` changes of the same patch did is not held against it.
        """
        missing, same = f"{view.keys[0]} IS NULL", self.db.same
        untouched = "".join(f" AND {change.is_absent}" for change in later)
        if view.kind == JournalKind.DELETE:
            return f"(NOT {missing} AND NOT {same(view.columns, view.before)}{untouched})"
        if view.kind == JournalKind.CREATE and not later:
            return f"(NOT {missing} AND NOT {same(view.columns, view.after)})"
        differing = []
        for name, c, b, a in zip(view.names, view.columns, view.before, view.after, strict=True):
            is_update = view.kind == JournalKind.UPDATE  # a column that holds its old value again is as undo wants it
            written = f"NOT {same([b], [a])} AND NOT {same([c], [b])} AND " if is_update else ""
            alone = "".join(f" AND {change.left_alone(name)}" for change in later)
            differing.append(f"({written}NOT {same([c], [a])}{alone})")
        gone = f"({missing}{untouched}) OR " if view.kind == JournalKind.UPDATE else ""
        return f"({gone}(NOT {missing} AND ({' OR '.join(differing)})))"
