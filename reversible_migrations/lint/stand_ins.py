"""What stands for the project's own code where a migration is read without importing it."""

import ast
from typing import Any

from django.db import models
from django.db.migrations.operations.base import Operation

from .source import Source

# What every field takes, and what a stand-in is given of the arguments of the field it stands for.
FIELD_OPTIONS = (
    "verbose_name", "primary_key", "max_length", "unique", "blank", "null", "db_index", "default", "editable",
    "serialize", "choices", "help_text", "db_column", "db_comment", "db_default",
)  # fmt: skip


class Unknown:
    """Something that only the project's own code knows: a name, an attribute or the result of a call."""

    def __init__(self, name: str, keywords: dict[str, Any] | None = None):
        self.stands_for = self.__name__ = name
        self.keywords = keywords

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # whoever asks for these wants to know what it is
            raise AttributeError(name)
        return Unknown(f"{self.stands_for}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> "Unknown":
        return Unknown(self.stands_for, kwargs)

    def __repr__(self) -> str:
        return self.stands_for


class StandInField(models.Field):  # type: ignore[type-arg]  # of no type that is known
    """A field of a class that is not imported; ``stands_for`` is its dotted name."""

    stands_for = ""

    def db_type(self, connection: Any) -> str:
        return "unknown"


class StandInOperation(Operation):
    """An operation of a class that is not imported; what it does to the state is not known."""

    reversible = True

    def __init__(self, stands_for: str):
        self.stands_for = stands_for

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Leave the state as it is: what it does is not known."""

    def describe(self) -> str:
        return self.stands_for


class UnreadOperations(StandInOperation):
    """All the operations of a migration, a phase or an operation whose list is made by code."""


def as_field(value: Any) -> Any:
    """Return ``value``, or a stand-in of it where its class is not known."""
    if not isinstance(value, Unknown):
        return value
    kind: Any = type(value.stands_for.rpartition(".")[2] or "Field", (StandInField,), {"stands_for": value.stands_for})
    given = {name: each for name, each in (value.keywords or {}).items() if name in FIELD_OPTIONS}
    return kind(**given)


def as_operations(values: Any) -> list[Operation]:
    return [StandInOperation(each.stands_for) if isinstance(each, Unknown) else each for each in values]


def function_of(node: Any, source: Source) -> Any:
    """Return a function that stands for the one at ``node``, and knows it; it does nothing."""

    def stand_in(*args: Any, **kwargs: Any) -> None:
        """Do nothing: the lint reads ``stands_for``."""

    facts: Any = stand_in
    facts.stands_for = (source, node)
    facts.__name__ = facts.__qualname__ = "<lambda>" if isinstance(node, ast.Lambda) else node.name
    return facts
