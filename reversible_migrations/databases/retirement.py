"""What is taken out of use: a column, or all of a table."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Retiree:
    """
    The column ``column`` of the quoted ``table``, or with an empty ``column`` all of the table.

    ``name`` is what it, or the copy of it, is called while it is out of use. ``default`` is the value, ready for the
    database, that rows get in it meanwhile if it may not be NULL and has none (``is_needed``); None for none.
    ``default_by_database`` is SQL that goes before it, of a value that differs each time.
    """

    table: str
    column: str
    name: str
    default: Any = None
    is_needed: bool = False
    is_unique: bool = False
    default_by_database: str = ""

    def __str__(self) -> str:
        return f"Column {self.column} of {self.table}" if self.column else f"Table {self.table}"


@dataclass(frozen=True)
class Kept:
    """What has to come back with a copy: SQL of indexes and triggers by name, and where the keys had got to."""

    objects: dict[str, str]
    sequence: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {"objects": self.objects, "sequence": self.sequence}
