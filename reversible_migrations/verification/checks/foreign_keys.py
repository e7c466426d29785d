"""Foreign keys: those of the models are in the database, and the database checks them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import router

from ...databases.catalogue import ForeignKey, plain
from ..check import Check
from ..finding import Finding, error
from ..scope import Scope


@dataclass(frozen=True)
class Expected:
    """A foreign key that a model has, and the one in the database, if it is there."""

    table: str
    columns: tuple[str, ...]
    target: str
    field: str


class ForeignKeys(Check[ForeignKey | Expected]):
    """
    Prove that every foreign key of the models is in the database, and that none of the database is switched off.

    Reads the catalogue. Whether rows hold to it is what ``references`` finds out.
    """

    name, title, things = "foreign-keys", "Foreign keys", "foreign keys"

    def find(self, scope: Scope) -> list[ForeignKey | Expected]:
        known = [key for key in scope.catalogue.foreign_keys() if scope.covers(key.table, key.target)]
        names = {(key.table, key.columns, key.target) for key in known}
        missing = [e for e in _expected(scope) if (e.table, e.columns, e.target) not in names]
        return [
            *known,
            *(each for each in missing if scope.db.has_table(each.table) and scope.db.has_table(each.target)),
        ]

    def where(self, thing: ForeignKey | Expected) -> str:
        return f"{plain(thing.table)}.{', '.join(thing.columns)}"

    def examine(self, thing: ForeignKey | Expected, scope: Scope) -> Iterator[Finding]:
        if isinstance(thing, Expected):
            yield error(
                self.where(thing),
                f"has no foreign key to {thing.target} in the database, and {thing.field} says it has one.",
                "Add it again (ALTER TABLE ... ADD CONSTRAINT ... NOT VALID, then VALIDATE CONSTRAINT), or set"
                " db_constraint=False.",
                target=thing.target,
            )
        elif not thing.is_enforced:
            yield error(
                self.where(thing),
                f"the foreign key {thing.name} is switched off: its triggers are disabled.",
                f"{thing.enforce}; then look for dangling rows with --rows.",
                constraint=thing.name,
            )


def _expected(scope: Scope) -> Iterator[Expected]:
    for model in scope.models:
        for field in model._meta.local_concrete_fields:
            relation: Any = field.remote_field
            if relation is None or not getattr(field, "db_constraint", False) or field.column is None:
                continue
            target = relation.model._meta
            if not target.managed or target.swapped or not router.allow_migrate_model(scope.alias, relation.model):
                continue
            name = f"{model._meta.label}.{field.name}"
            yield Expected(scope.table_of(model), (field.column,), scope.table_of(relation.model), name)
