"""Journals as SQL: the rows of a slice, and how they are joined to the table that they are of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ..databases.base import Database, Key
from ..models import JournalTable
from ..states import JournalKind
from .tables import columns_of

HARDLY_MORE = 1.25  # times the rows that are wanted of a slice
NET_OF = {JournalKind.UPDATE: "U", JournalKind.CREATE: "I", JournalKind.DELETE: "D"}


@dataclass(frozen=True)
class JournalSlice:
    """
    The rows of a journal's batch, all or those with ``low < key <= high``.

    With ``oldest`` those of several batches: from that one up to ``batch``.
    """

    batch: int
    low: Key | None = None
    high: Key | None = None
    oldest: int | None = None


class JournalView:
    """A journal as SQL: its own table, or the net changes of a recording."""

    def __init__(self, db: Database, record: JournalTable, kind: str | None = None, table: str | None = None):
        self.db, self.record = db, record
        self.kind = JournalKind(kind or record.kind)
        self.table = table or db.quote(record.table_name)
        self.target: str = record.target
        self.names = columns_of(record)
        self.keys = [db.column(self.target, key) for key in record.keys]
        self.key_images = self.images("key", self.table)
        self.columns = [db.column(self.target, name) for name in self.names]
        self.before = self.images("before", self.table)
        self.after = self.images("after", self.table)
        self.joined = " AND ".join(f"{a} = {b}" for a, b in zip(self.keys, self.key_images, strict=True))

    def images(self, prefix: str, alias: str) -> list[str]:
        """Return the images of the keys ("key") or of the columns ("before", "after") of the journal as ``alias``."""
        names = self.record.keys if prefix == "key" else self.names
        return [f"{alias}.{image}" for image in self.db.images(prefix, names)]

    def image_of(self, prefix: str, names: Sequence[str], alias: str | None = None) -> list[str]:
        """Return the "before" or "after" images of the columns ``names``."""
        found = dict(zip(self.names, self.images(prefix, alias or self.table), strict=True))
        return [found[name] for name in names]

    def net(self, alias: str) -> str:
        """Return the condition that chooses this view's rows among a recording's net changes."""
        return f"{alias}.net = '{NET_OF[self.kind]}'" if self.record.kind == JournalKind.RECORD else "TRUE"

    def within(self, part: JournalSlice, alias: str | None = None) -> tuple[str, list[Any]]:
        """Return the condition that chooses the slice's rows of the journal, and its parameters."""
        table = alias or self.table
        sql, params = f"{table}.batch = %s", list[Any]([part.batch])
        if part.oldest is not None:
            sql, params = f"{table}.batch BETWEEN %s AND %s", [part.oldest, part.batch]
        catalogue = self.db.columns(self.target)
        values = ", ".join(self.db.key_parameter(catalogue[name]) for name in self.record.keys)
        for operator, bound in ((">", part.low), ("<=", part.high)):
            if bound is not None:
                sql += f" AND ({', '.join(self.images('key', table))}) {operator} ({values})"
                params += self.db.key_params(bound)
        if self.record.kind == JournalKind.RECORD:
            sql += f" AND {self.net(table)}"
        return sql, params

    def count(self, part: JournalSlice) -> int:
        sql, params = self.within(part)
        return int(self.db.value(f"SELECT count(*) FROM {self.table} WHERE {sql}", params) or 0)

    def halves(self, part: JournalSlice) -> list[JournalSlice] | None:
        """Return the two halves of a slice in the order of its keys, or None if it has fewer than two rows."""
        count = self.count(part)
        if count < 2:
            return None
        middle = self._key_at(part, count // 2)
        return [replace(part, high=middle), replace(part, low=middle)]

    def first(self, part: JournalSlice, rows: int) -> JournalSlice:
        """
        Return about the first ``rows`` rows of a slice in the order of its keys; all of it if hardly more are in it.

        Of 1,200 rows the first 1,000 are all of them; of 1,900 they are 950, so that no small rest is left.
        """
        sql, params = self.within(part)
        found = self.db.value(
            f"SELECT count(*) FROM (SELECT 1 FROM {self.table} WHERE {sql} LIMIT {2 * rows}) AS rm_first", params
        )
        left = int(found or 0)
        if left <= rows * HARDLY_MORE:
            return part
        return replace(part, high=self._key_at(part, rows if left >= 2 * rows else -(-left // 2)))

    def _key_at(self, part: JournalSlice, place: int) -> Key:
        """Return the key of the row at ``place``, from 1, of a slice that has so many."""
        within, params = self.within(part)
        values = ", ".join(self.db.key_value(image) for image in self.key_images)
        found = self.db.row(
            f"SELECT {values} FROM {self.table} WHERE {within}"
            f" ORDER BY {', '.join(self.key_images)} LIMIT 1 OFFSET {place - 1}",
            params,
        )
        assert found is not None, f"the slice has {place} rows"
        return self.db.key_to_json(found)

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
