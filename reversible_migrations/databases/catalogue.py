"""
What a database says of itself when it is verified: indexes, constraints, sequences, triggers.

Everything here only reads. Tables are named as ``Database.references`` names them: quoted, with their schema where
the search path does not find them. A vendor that has nothing of a kind answers with an empty list.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from .base import Database


@dataclass(frozen=True)
class BrokenIndex:
    """An index that queries do not use. ``rebuild`` is the statement that makes it whole without blocking writers."""

    table: str
    name: str
    is_unique: bool
    is_being_built: bool
    rebuild: str


@dataclass(frozen=True)
class LooseConstraint:
    """A constraint that the rows written before it were never checked against. ``validate`` does that."""

    table: str
    name: str
    kind: str  # "foreign key", "check" or "not null"
    validate: str


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key as the database has it. ``is_enforced``: whether new rows are checked; ``enforce`` sees to that."""

    table: str
    name: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    is_enforced: bool = True
    enforce: str = ""


@dataclass(frozen=True)
class KeySequence:
    """The sequence that gives a column its values. ``reset`` sets it behind the greatest one."""

    name: str
    table: str
    column: str
    is_indexed: bool  # whether the greatest value is found without reading the table
    may_be_read: bool
    reset: str


@dataclass(frozen=True)
class Recorder:
    """A trigger or a function that records changes into a journal. ``drop`` takes it away."""

    kind: str
    name: str
    table: str  # "" of a function
    drop: str


class Catalogue(ABC):
    """The catalogue of one database, over the connection of its ``Database``."""

    def __init__(self, db: Database):
        self.db = db

    @abstractmethod
    def reading(self, seconds: float) -> AbstractContextManager[None]:
        """
        Let nothing inside change the database, and no statement take more than ``seconds``.

        What is broken off raises a ``DatabaseError``, for which ``is_broken_off`` is true.
        """

    @abstractmethod
    def is_broken_off(self, error: BaseException) -> bool: ...

    @abstractmethod
    def tables_named(self, prefix: str) -> list[str]:
        """Return the names, unquoted, of the tables in reach that begin with ``prefix``."""

    @abstractmethod
    def columns_named(self, prefix: str) -> list[tuple[str, str]]:
        """Return table and column of all columns that begin with ``prefix``."""

    def known_as(self, table: str) -> str:
        """Return the name by which the answers here have ``table``, which a model names with its schema perhaps."""
        return table

    def is_hidden(self, table: str) -> bool:
        """Return whether ``table`` may be there although this role does not see it."""
        return False

    def may_read(self, table: str) -> bool:
        """Return whether this role may read the rows of the quoted ``table``."""
        return True

    def broken_indexes(self) -> list[BrokenIndex]:
        return []

    def loose_constraints(self) -> list[LooseConstraint]:
        return []

    @abstractmethod
    def foreign_keys(self) -> list[ForeignKey]: ...

    @abstractmethod
    def dangling(self, key: ForeignKey, seconds: float) -> Iterator[int]:
        """Yield, part of the table by part, how many rows point at a row that is not there; each in its own reading."""

    def key_sequences(self) -> list[KeySequence]:
        return []

    def behind(self, sequence: KeySequence) -> int:
        """Return by how many values the next one of ``sequence`` comes too early; 0 if it is a new one."""
        return 0

    @abstractmethod
    def recorders(self) -> list[Recorder]:
        """Return the recording triggers, and their functions, of all journals."""

    @abstractmethod
    def is_same_type(self, expected: str, found: str) -> bool | None:
        """Return whether a type as Django writes it is the one in the catalogue; None if that cannot be told."""

    @abstractmethod
    def plan(self, sql: str) -> list[str]:
        """Return the steps of the plan of a query, without costs and without values; nothing is run."""


def journal_of_recorder(name: str) -> str | None:
    """Return the journal that the trigger or function ``name`` writes to: rm_journal_7_0 of rm_journal_7_0_rec."""
    parts = name.split("_")
    if parts[:2] != ["rm", "journal"] or len(parts) < 5 or not (parts[2].isdecimal() and parts[3].isdecimal()):
        return None
    return "_".join(parts[:4])


def plain(table: str) -> str:
    """Return a quoted table as people write it: other.book of "other"."book"."""
    return table.strip('"').replace('"."', ".").replace('""', '"')
