"""The schema against the models, as the applied migrations left them."""

from collections.abc import Iterator
from typing import Any

from ...databases.base import Column
from ..check import Check
from ..finding import Finding, Sampled, error, unchecked, warning
from ..scope import Scope


class Schema(Check[Any]):
    """
    Prove that every table and column that the applied migrations made is there, with its type.

    More columns than the models know are no fault: old code, or an unfinished migration, may need them. Reads the
    catalogue, once for each table.
    """

    name, title, things = "schema", "Schema and models", "tables"

    def find(self, scope: Scope) -> list[Any]:
        return scope.models

    def where(self, thing: Any) -> str:
        return str(thing._meta.db_table)

    def examine(self, thing: Any, scope: Scope) -> Iterator[Finding | Sampled]:
        where, label = self.where(thing), thing._meta.label
        table = scope.db.quote(thing._meta.db_table)
        found = scope.db.read_columns(table)
        if not found:
            if scope.catalogue.is_hidden(table):
                yield unchecked(where, "it may be in a schema that this role may not use")
            else:
                yield error(where, f"the table of {label} is missing.", _hint(thing, scope), model=label)
            return
        for field in thing._meta.local_concrete_fields:
            type_ = field.db_type(scope.db.connection)
            if field.column is not None and type_ is not None:
                yield from self._column(thing, field, type_, found.get(field.column), scope)

    def _column(
        self, model: Any, field: Any, type_: str, column: Column | None, scope: Scope
    ) -> Iterator[Finding | Sampled]:
        where = f"{self.where(model)}.{field.column}"
        if column is None:
            yield error(where, f"the column of {model._meta.label}.{field.name} is missing.", _hint(model, scope))
            return
        is_same = scope.catalogue.is_same_type(type_, column.type)
        if is_same is None:
            yield Sampled(f"{where}: its type {type_} is not known to the database, and was not compared.")
        elif not is_same:
            yield warning(
                where, f"is {column.type}, and the migrations say {type_}.", _hint(model, scope),
                expected=type_, found=column.type,
            )  # fmt: skip


def _hint(model: Any, scope: Scope) -> str:
    app = model._meta.app_label
    begun = sorted(f"{known}.{name}" for known, name in scope.begun if known == app)
    if begun:
        return f"{' and '.join(begun)} was begun and is not finished: that may be the reason."
    return f"See which migration should have made it: `manage.py showmigrations {app}`; was one applied with --fake?"
