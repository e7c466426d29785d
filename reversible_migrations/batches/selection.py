"""
The rows a query set means, cut by ranges of the primary key.

A query set that reads one table is used as it is; one with joins or aggregates becomes
``pk IN (the query set)``, because ``FOR UPDATE`` refuses outer joins, aggregates and DISTINCT.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db.models import BooleanField, F, Field, Func, Model, QuerySet
from django.db.models.expressions import Col, RawSQL

from ..databases.base import Assignment, Column, Database, Key, Sql
from ..exceptions import RefusedQuery

if TYPE_CHECKING:
    AnyField = Field[Any, Any]
else:
    AnyField = Field


CALLS = re.compile(r"(\w+)\s*\(")
MOMENTS = re.compile(r"\b(CURRENT_|LOCALTIME)", re.IGNORECASE)


class KeyComparison(Func):
    """``(a, b) > (x, y)`` over the columns of a primary key, with raw values of ``Database.key_value``."""

    def __init__(self, names: list[str], operator: str, placeholders: list[str], values: tuple[Any, ...]):
        super().__init__(*[F(name) for name in names], output_field=BooleanField())
        self.operator, self.placeholders, self.values = operator, placeholders, values

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> Any:  # type: ignore[override]
        compiled = [compiler.compile(expression) for expression in self.source_expressions]
        columns = ", ".join(sql for sql, _ in compiled)
        values = ", ".join(self.placeholders)
        if len(compiled) > 1:
            columns, values = f"({columns})", f"({values})"
        return f"{columns} {self.operator} {values}", [*(p for _, params in compiled for p in params), *self.values]


def primary_key_fields(model: type[Model]) -> list[AnyField]:
    return list(model._meta.pk_fields)


Bounds = list[tuple[str, Key]]  # operators and keys, such as ("<=", [7])


@dataclass(frozen=True)
class KeySlice:
    """
    The rows with ``low < key <= high``, or the one row of ``high``. ``low`` None means from the start.

    ``rows`` is how many there are of the table, whatever the filter.
    """

    low: Key | None
    high: Key
    rows: int
    is_one_row: bool = False

    @property
    def bounds(self) -> Bounds:
        if self.is_one_row:
            return [("=", self.high)]
        return [("<=", self.high)] if self.low is None else [(">", self.low), ("<=", self.high)]


class KeyColumns:
    """The primary key of a model's own table."""

    def __init__(self, model: type[Model], db: Database):
        self.model, self.db = model, db
        self.table = db.quote(model._meta.db_table)
        self.fields = primary_key_fields(model)
        self.names = [str(field.column) for field in self.fields]
        catalogue = db.columns(self.table)
        self.columns = [catalogue.get(name, Column(name, "")) for name in self.names]
        self.placeholders = [db.key_parameter(column) for column in self.columns]

    def comparison(self, operator: str, key: Key) -> KeyComparison:
        names = [field.attname for field in self.fields]
        return KeyComparison(names, operator, self.placeholders, self.db.key_params(key))

    def compared(self, operator: str, key: Key, table: str | None = None, names: Sequence[str] | None = None) -> Sql:
        """Return the same comparison as SQL text, over columns of ``table`` (quoted)."""
        columns = ", ".join(self.db.column(table or self.table, name) for name in names or self.names)
        values = ", ".join(self.placeholders)
        if len(self.names) > 1:
            columns, values = f"({columns})", f"({values})"
        return f"{columns} {operator} {values}", self.db.key_params(key)

    def values(self, table: str | None = None) -> str:
        return ", ".join(self.db.key_value(self.db.column(table or self.table, name)) for name in self.names)

    def order(self, direction: str = "ASC") -> str:
        return ", ".join(f"{self.db.column(self.table, name)} {direction}" for name in self.names)


class RowSelection:
    """
    The rows of one query set on the run's database.

    Raise ``RefusedQuery`` for one that is sliced, ordered, distinct or combined: its rows are not
    those of its ranges taken together.
    """

    def __init__(self, queryset: QuerySet[Any], db: Database, where: str):
        self.queryset: QuerySet[Any] = refuse_unfit(queryset, where).using(db.alias).order_by()
        self.model: type[Model] = queryset.model._meta.concrete_model or queryset.model
        self.db = db
        self.keys = KeyColumns(self.model, db)
        self.is_simple = self._reads_one_table()

    def _reads_one_table(self) -> bool:
        query = self.queryset.query
        query.get_initial_alias()
        used = [alias for alias, count in query.alias_refcount.items() if count]
        plain = len(used) <= 1 and not query.group_by and not query.extra_tables
        return plain and not any(a.contains_aggregate or a.contains_over_clause for a in query.annotations.values())

    def within(self, bounds: Bounds) -> QuerySet[Any]:
        """Return the query set's rows whose key keeps to ``bounds``; one that reads and locks plain rows."""
        rows = self.queryset
        for operator, key in bounds:
            rows = rows.filter(self.keys.comparison(operator, key))
        if self.is_simple:
            return rows
        outer: QuerySet[Any] = self.model._base_manager.using(self.db.alias).filter(pk__in=rows.values("pk"))
        return outer

    def locked(self, bounds: Bounds) -> QuerySet[Any]:
        rows = self.within(bounds)
        return rows.order_by("pk").select_for_update() if self.db.locks else rows

    def source(
        self, fields: list[AnyField], assignments: Sequence[Assignment], bounds: Bounds, with_after: bool = False
    ) -> Sql | None:
        """
        Return SQL that gives the key columns of a range's rows, ``fields``, and the values of ``assignments``.

        None if the range can have no rows.
        """
        names = [field.attname for field in [*self.keys.fields, *fields]]
        with_after = with_after or self.db.source_has_after
        after = [RawSQL(f"({a.sql})", a.params) for a in assignments] if with_after else []
        return compiled(plain_values(self.locked(bounds), names, after), self.db.alias)

    def images(
        self, batch: int, fields: list[AnyField], assignments: Sequence[Assignment], bounds: Bounds
    ) -> Sql | None:
        """Return SQL that gives the images of a range's rows: the columns of a journal, with the number ``batch``."""
        names = [field.attname for field in [*self.keys.fields, *fields]]
        after = [RawSQL(f"({a.sql})", a.params) for a in assignments]
        first = RawSQL(str(int(batch)), ())
        return compiled(plain_values(self.locked(bounds), names, after, first=(first,)), self.db.alias)

    def plain_update(self, assignments: Sequence[Assignment], bounds: Bounds) -> Sql | None:
        """
        Return the UPDATE of a range's rows by their own condition, or None where it might find others or
        assign other values than ``source`` did: with subqueries, or functions that differ from call to call.
        """
        if not self.is_repeatable or not all(is_repeatable(a.sql) for a in assignments):
            return None
        condition, more = self._condition(bounds)
        assigned = ", ".join(f"{self.db.literal(self.db.quote(a.column))} = {a.sql}" for a in assignments)
        params = tuple(p for a in assignments for p in a.params)
        return f"UPDATE {self.keys.table} SET {assigned} WHERE {condition}", params + more

    def delete_again(self, bounds: Bounds) -> Sql:
        """Return the DELETE of the rows that ``stored`` gives under the same snapshot."""
        condition, params = self._condition(bounds)
        return f"DELETE FROM {self.keys.table} WHERE {condition}", params

    @cached_property
    def is_repeatable(self) -> bool:
        """Return whether its condition, run again while its rows change, finds the same rows."""
        found = compiled(self.queryset.values("pk"), self.db.alias)
        return self.is_simple and found is not None and is_repeatable(found[0].partition(" WHERE ")[2])

    def _condition(self, bounds: Bounds) -> Sql:
        found = compiled(self.within(bounds).values("pk"), self.db.alias)
        if found is None:
            return "1 = 0", ()
        return found[0].partition(" WHERE ")[2], found[1]

    def stored(self, columns: list[str], bounds: Bounds) -> Sql | None:
        """Return SQL that locks the rows of a range and gives their stored ``columns``, known to the model or not."""
        rows = self.locked(bounds)
        query = rows.query
        alias = query.get_initial_alias()
        query.clear_select_clause()
        query.set_select([stored_column(alias, name) for name in columns])
        return compiled(rows, self.db.alias)

    def key_of_row(self, number: int, low: Key | None) -> Key | None:
        """Return the key of the row at ``number``, from 1 in key order above ``low``; the last if there are fewer."""
        rows = self.within([(">", low)] if low is not None else []).order_by("pk")
        alias = rows.query.get_initial_alias()
        rows.query.clear_select_clause()
        rows.query.set_select([stored_column(alias, name) for name in self.keys.names])
        rows.query.set_limits(0, number)
        sql = compiled(rows, self.db.alias)
        if sql is None:
            return None
        found = self.db.rows(f"SELECT {self.keys.values('rm_first')} FROM ({sql[0]}) AS rm_first", sql[1])
        return self.db.key_to_json(found[-1]) if found else None

    def text(self) -> Any:
        """Return what identifies the selection: its SQL and parameters."""
        return compiled(self.queryset.values("pk"), self.db.alias)


def plain_values(
    rows: QuerySet[Any], names: list[str], extra: Sequence[Any] = (), first: Sequence[Any] = ()
) -> QuerySet[Any]:
    """Return ``rows`` selecting ``first``, the columns of ``names``, each wherever it is named, and ``extra``."""
    unique = list(dict.fromkeys(names))
    rows = rows.values_list(*unique)
    query = rows.query
    chosen = dict(zip(unique, query.select, strict=True))
    query.selected = None  # else each name would be selected once
    query.select = (*first, *(chosen[name] for name in names), *extra)
    return rows


REPEATABLE = {"CAST", "COALESCE", "NULLIF", "LOWER", "UPPER", "TRIM", "LTRIM", "RTRIM", "REPLACE", "ABS", "ROUND"}
REPEATABLE |= {"SUBSTR", "LENGTH", "AND", "OR", "NOT", "WHEN", "THEN", "ELSE", "IN", "CASE", "NUMERIC", "INSTR"}


def is_repeatable(sql: str) -> bool:
    """Return whether ``sql`` has no subquery, and no function but those known to give the same every time."""
    return not MOMENTS.search(sql) and {name.upper() for name in CALLS.findall(sql)} <= REPEATABLE


def stored_column(alias: str, name: str) -> Col:
    field = AnyField()
    field.column = name
    return Col(alias, field)


def compiled(rows: QuerySet[Any], alias: str) -> Sql | None:
    try:
        sql, params = rows.query.get_compiler(alias).as_sql()
    except EmptyResultSet:
        return None
    return sql, tuple(params)


def label_of(queryset: Any) -> str:
    """Return what to call the rows in an error, whatever was given for a query set."""
    return str(queryset.model._meta.label) if isinstance(queryset, QuerySet) else repr(queryset)


def refuse_unfit(queryset: QuerySet[Any], where: str) -> QuerySet[Any]:
    if not isinstance(queryset, QuerySet):
        raise RefusedQuery(
            where, f"a query set is needed, not {type(queryset).__name__}.", todo="Pass Model.objects.filter(...)."
        )
    query = queryset.query
    faults = {
        "sliced": query.is_sliced,
        "ordered": bool(query.order_by or query.extra_order_by),
        "distinct": query.distinct,
        "combined (union, intersection or difference)": bool(query.combinator),
        "asked for values() instead of rows": bool(query.values_select or queryset._fields is not None),  # type: ignore[attr-defined]
    }
    found = [fault for fault, is_so in faults.items() if is_so]
    if found:
        raise RefusedQuery(
            where,
            f"the query set of {queryset.model._meta.label} is {found[0]}; it cannot be cut into ranges of the key.",
            todo="Choose the rows by filter() alone, for example filter(pk__in=the_query_set.values('pk')).",
        )
    return queryset
