"""
What deleting rows does to the rows that point at them, and whether two deletions can meet in one of those.

Each rule is asked, by a stand-in for Django's ``Collector``, what it would do: follow, take a value, or forbid it.
"""

import re
from dataclasses import dataclass
from typing import Any, cast

from django.db.models import PROTECT, Model, ProtectedError, RestrictedError
from django.db.models.deletion import get_candidate_relations_to_delete

from ..batches.selection import RowSelection
from .base import may_migrate


@dataclass(frozen=True)
class Reaction:
    """What the rows of ``model`` that point at a deleted row by ``field`` do: follow it, take a value, or forbid it."""

    model: type[Model]
    field: Any
    follows: bool = False
    value: Any = None
    forbids: type[Exception] | None = None


class ReactionOf:
    """A stand-in for Django's ``Collector`` that an on_delete rule tells what it would do."""

    def __init__(self, model: type[Model], field: Any, alias: str):
        self.model, self.field, self.alias = model, field, alias
        self.reaction: Reaction | None = None

    def collect(self, objs: Any, **options: Any) -> None:
        self.reaction = Reaction(self.model, self.field, follows=True)

    def add_field_update(self, field: Any, value: Any, objs: Any) -> None:
        self.reaction = Reaction(self.model, self.field, value=value)

    def add_restricted_objects(self, field: Any, objs: Any) -> None:
        self.reaction = Reaction(self.model, self.field, forbids=RestrictedError)

    def add_dependency(self, *models: Any, **options: Any) -> None:
        """The order of deletion is ours."""

    def ask(self) -> Reaction | None:
        rule = self.field.remote_field.on_delete
        in_database = {"DB_CASCADE": True, "DB_SET_NULL": False}.get(getattr(rule, "__name__", "") or str(rule))
        if in_database is not None:
            return Reaction(self.model, self.field, follows=in_database)
        if rule is PROTECT:  # it names the class of the first row, and there is none here
            return Reaction(self.model, self.field, forbids=ProtectedError)
        try:
            rule(self, self.field, self.model._base_manager.using(self.alias).none(), self.alias)
        except ProtectedError:
            return Reaction(self.model, self.field, forbids=ProtectedError)
        return self.reaction  # None: DO_NOTHING leaves it to the database


def reactions(model: type[Model], alias: str) -> list[Reaction]:
    asked = [ReactionOf(related, field, alias).ask() for related, field in pointing_fields(model, alias)]
    return [reaction for reaction in asked if reaction is not None]


def pointing_fields(model: type[Model], alias: str) -> list[tuple[type[Model], Any]]:
    """Return the foreign keys that point at ``model``, each with the model that has it."""
    found = []
    for relation in get_candidate_relations_to_delete(model._meta):
        related, field = cast(Any, relation).related_model, cast(Any, relation).field
        if related._meta.managed and not related._meta.proxy and may_migrate(alias, related):
            found.append((related, field))
    return found


def shared_row(selection: RowSelection) -> str | None:
    """
    Return in words by which row two key ranges of a deletion could meet; None if there can be none.

    They cannot where each row that is touched is reached in one way only, from one deleted row: the models
    form a tree. A customer's baskets and their items do; invoices with a customer and a payer do not.
    """
    deleted, reached = [selection.model], {selection.model}
    for model in deleted:
        if any(model._meta.parents.values()):
            return f"a row of {model._meta.label} goes with its parent's"
        for related, field in pointing_fields(model, selection.db.alias):
            reaction = ReactionOf(related, field, selection.db.alias).ask()
            if related in reached:
                return f"a row of {related._meta.label} can be reached in several ways"
            if reaction is not None and reaction.value is not None:
                return f"{related._meta.label}.{field.name} takes the key of another row"
            reached.add(related)
            if reaction is not None and reaction.follows:
                deleted.append(related)
    if reads_others(selection, reached):
        return f"its condition reads other rows of {selection.model._meta.label}, or rows that go with them"
    return None


def reads_others(selection: RowSelection, models: set[type[Model]]) -> bool:
    """Return whether the condition looks at rows of ``models`` other than the one it is to decide upon."""
    found = selection.text()
    if found is None:
        return False
    text = re.sub(r'"(?:[^"]|"")+"\.', "", found[0])  # without the tables of columns, those that are read are left
    names = [model._meta.db_table.rpartition(".")[2].strip('"') for model in models]
    read = sum(len(re.findall(rf"(?<!\w){re.escape(name)}(?!\w)", text)) for name in names)
    return read > 1  # its own table is
