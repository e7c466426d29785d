"""
The rows a query set means, cut by ranges of the primary key.

A query set that reads one table is used as it is; one with joins or aggregates becomes
``pk IN (the query set)``, because ``FOR UPDATE`` refuses outer joins, aggregates and DISTINCT.
"""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db.models import BooleanField, F, Field, Func, Model, QuerySet
from django.db.models.expressions import Col

from ..databases.base import Column, Database, Key, Sql
from ..exceptions import RefusedQuery

if TYPE_CHECKING:
    AnyField = Field[Any, Any]
else:
    AnyField = Field


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


class KeyColumns:
    """The primary key of a model's own table."""

    def __init__(self, model: type[Model], db: Database):
        self.model, self.db = model, db
        self.table = db.quote(model._meta.db_table)
        self.fields = primary_key_fields(model)
        self.names = [field.column for field in self.fields]
        catalogue = db.columns(self.table)
        self.columns = [catalogue.get(name, Column(name, "")) for name in self.names]
        self.placeholders = [db.key_parameter(column) for column in self.columns]

    def comparison(self, operator: str, key: Key) -> KeyComparison:
        names = [field.attname for field in self.fields]
        return KeyComparison(names, operator, self.placeholders, self.db.key_params(key))

    def compared(self, operator: str, key: Key, table: str | None = None) -> Sql:
        """Return the same comparison as SQL text, over ``table`` (quoted)."""
        columns = ", ".join(self.db.column(table or self.table, name) for name in self.names)
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
        self.queryset = refuse_unfit(queryset, where).using(db.alias).order_by()
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

    def within(self, low: Key | None, high: Key | None) -> QuerySet[Any]:
        """Return the query set's rows with ``low < key <= high``; one that reads and locks plain rows."""
        rows = self.queryset
        if low is not None:
            rows = rows.filter(self.keys.comparison(">", low))
        if high is not None:
            rows = rows.filter(self.keys.comparison("<=", high))
        if self.is_simple:
            return rows
        outer: QuerySet[Any] = self.model._base_manager.using(self.db.alias).filter(pk__in=rows.values("pk"))
        return outer

    def locked(self, low: Key | None, high: Key | None) -> QuerySet[Any]:
        return self.within(low, high).order_by("pk").select_for_update()

    def source(self, fields: list[AnyField], low: Key | None, high: Key | None) -> Sql | None:
        """Return SQL that locks the rows of a range and gives their key columns, then ``fields``; None if it has none."""
        names = [field.attname for field in [*self.keys.fields, *fields]]
        return compiled(plain_values(self.locked(low, high), names), self.db.alias)

    def stored(self, columns: list[str], low: Key | None, high: Key | None) -> Sql | None:
        """Return SQL that locks the rows of a range and gives their stored ``columns``, known to the model or not."""
        rows = self.locked(low, high)
        query = rows.query
        alias = query.get_initial_alias()
        query.clear_select_clause()
        query.set_select([stored_column(alias, name) for name in columns])
        return compiled(rows, self.db.alias)

    def text(self) -> Any:
        """Return what identifies the selection: its SQL and parameters."""
        return compiled(self.queryset.values("pk"), self.db.alias)


def plain_values(rows: QuerySet[Any], names: list[str]) -> QuerySet[Any]:
    """Return ``rows.values_list(*names)`` that selects each name once per place, even where one is named twice."""
    rows = rows.values_list(*dict.fromkeys(names))
    query = rows.query
    if len(set(names)) != len(names):
        chosen = dict(zip(dict.fromkeys(names), query.select, strict=True))
        query.select = tuple(chosen[name] for name in names)
    return rows


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
