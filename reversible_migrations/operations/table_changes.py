"""From a model and its new values to the tables, columns and SQL of a batch."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist, FieldError
from django.db import connections
from django.db.models import Model, QuerySet
from django.db.models.expressions import Col
from django.db.models.sql import UpdateQuery

from ..batches.selection import AnyField, KeyColumns
from ..databases.base import Assignment, Database
from ..exceptions import RefusedQuery


@dataclass(frozen=True)
class Part:
    """The fields of a change that are kept in one table (with inheritance there may be several)."""

    model: type[Model]
    keys: KeyColumns
    fields: tuple[AnyField, ...]

    @property
    def columns(self) -> list[str]:
        return [str(field.column) for field in self.fields]


def fields_of(model: type[Model], names: Iterable[str], where: str) -> list[AnyField]:
    """Return the fields to be changed; raise ``RefusedQuery`` for one that is not there or cannot be written."""
    found: list[AnyField] = []
    for name in names:
        try:
            field = model._meta.get_field(name)
        except FieldDoesNotExist:
            known = [f.name for f in model._meta.concrete_fields]
            near = difflib.get_close_matches(name, known, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Its fields are {', '.join(known)}."
            raise RefusedQuery(where, f"{model._meta.label} has no field {name!r}.", todo=hint) from None
        if not getattr(field, "concrete", False) or field.many_to_many or not hasattr(field, "get_db_prep_save"):
            raise RefusedQuery(
                where,
                f"{model._meta.label}.{name} is not a column of its table.",
                todo="Change the rows of the related or through model instead.",
            )
        if getattr(field, "generated", False):
            raise RefusedQuery(where, f"{model._meta.label}.{name} is a generated column.", todo="Change its sources.")
        if field in model._meta.pk_fields or getattr(field, "primary_key", False):
            raise RefusedQuery(
                where,
                f"{model._meta.label}.{name} is (part of) the primary key; rows are known by it.",
                todo="Use `with patch.record(...)`, which records the old row as deleted and the new one as created.",
            )
        found.append(field)  # type: ignore[arg-type]
    if not found:
        raise RefusedQuery(where, "no field to change is named.", todo="Name at least one.")
    return found


def parts_of(model: type[Model], fields: Sequence[AnyField], db: Database, where: str) -> list[Part]:
    """Return ``fields`` grouped by the table that holds them."""
    by_model: dict[type[Model], list[AnyField]] = {}
    for field in fields:
        owner = field.model._meta.concrete_model or field.model
        by_model.setdefault(owner, []).append(field)
    for owner in by_model:
        if owner is not model and not _shares_key(model, owner):
            raise RefusedQuery(
                where,
                f"{owner._meta.label} is a second parent of {model._meta.label}, with a key of its own.",
                todo=f"Change the rows of {owner._meta.label} in a step of their own.",
            )
    return [Part(owner, KeyColumns(owner, db), tuple(owned)) for owner, owned in by_model.items()]


def _shares_key(model: type[Model], owner: type[Model]) -> bool:
    """Return whether the rows of ``model`` and of its ancestor ``owner`` have the same key."""
    while model is not owner:
        link: Any = model._meta.pk
        if link is None or link.remote_field is None:
            return False
        model = link.remote_field.model
    return True


def assignments_of(
    queryset: QuerySet[Any], part: Part, values: Mapping[str, Any], alias: str, where: str
) -> list[Assignment]:
    """Return the SET of ``part`` as ``QuerySet.update`` would write it; annotations may be used in expressions."""
    return [_assignment(queryset, part, field, values, alias, where) for field in part.fields]


def _assignment(
    queryset: QuerySet[Any], part: Part, field: AnyField, values: Mapping[str, Any], alias: str, where: str
) -> Assignment:
    query = UpdateQuery(part.model)
    if part.model is (queryset.model._meta.concrete_model or queryset.model):
        query.annotations = dict(queryset.query.annotations)
    value = values[field.name] if field.name in values else values[field.attname]
    try:
        query.add_update_fields([(field, None, value)])
        sql, params = query.get_compiler(alias).as_sql()
    except FieldError as error:
        raise RefusedQuery(
            where,
            f"the new value of {field.name} cannot be computed in its own table: {error}",
            todo="Use Subquery(...) for values of related rows, as in QuerySet.update().",
        ) from None
    _refuse_joined(query, part, field, where)
    quote, column = connections[alias].ops.quote_name, str(field.column)
    head = f"UPDATE {quote(part.model._meta.db_table)} SET {quote(column)} = "
    if not sql.startswith(head):
        raise RefusedQuery(where, f"the new value of {field.name} is not a plain expression.")
    return Assignment(column, sql[len(head) :], tuple(params))


def _refuse_joined(query: UpdateQuery, part: Part, field: AnyField, where: str) -> None:
    table = part.model._meta.db_table
    for annotation in query.annotations.values():
        for column in annotation._gen_cols([annotation]) if hasattr(annotation, "_gen_cols") else ():
            if isinstance(column, Col) and column.alias != table:
                raise RefusedQuery(
                    where,
                    f"the new value of {field.name} uses an annotation that joins another table.",
                    todo="Use Subquery(...) for values of related rows, as in QuerySet.update().",
                )


def stable(value: Any) -> Any:
    """Return ``value`` in a form whose repr is the same in every process."""
    if isinstance(value, memoryview | bytearray):
        return bytes(value)
    if isinstance(value, list | tuple):
        return [stable(item) for item in value]
    if hasattr(value, "obj") and hasattr(value, "dumps"):  # psycopg's wrapper of a JSON value
        return repr(value.obj)
    return value
