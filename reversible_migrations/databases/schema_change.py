"""What an online schema change consists of: statements, each done and noted by itself."""

from dataclasses import asdict, dataclass
from typing import Any

SHORT = "short"  # takes a strong lock, for no longer than it takes to change the catalogue
SCAN = "scan"  # reads the whole table, under a lock that lets others read and write
BUILD = "build"  # builds an index outside of any transaction; others read and write meanwhile
DROP = "drop"  # drops an index in the same way


@dataclass(frozen=True)
class SchemaStatement:
    """
    One statement, complete with its values. ``table`` (quoted) is the one whose lock it needs.

    ``name`` (quoted) is the index that a BUILD or DROP is about. ``undo`` is run when a SCAN finds rows that do not
    suit: it takes away what the statement before has made, if anything. ``back`` is what undoes a SHORT statement
    that retires something.
    """

    sql: str
    kind: str = SHORT
    table: str = ""
    name: str = ""
    undo: str = ""
    back: "tuple[SchemaStatement, ...]" = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, facts: dict[str, Any]) -> "SchemaStatement":
        return cls(**{**facts, "back": tuple(cls.of_json(each) for each in facts["back"])})


@dataclass(frozen=True)
class SchemaPlan:
    """The statements of an operation, and why it cannot be done online, if it cannot."""

    statements: tuple[SchemaStatement, ...]
    faults: tuple[str, ...] = ()


def checked_later(add: str, table: str, name: str) -> tuple[SchemaStatement, SchemaStatement]:
    """Return how a constraint is added at once for new rows, and proved afterwards of those that are there."""
    return (
        SchemaStatement(f"{add} NOT VALID", table=table),
        proved(table, name, undo=f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}"),
    )


def proved(table: str, name: str, undo: str = "") -> SchemaStatement:
    """Return how a constraint is proved of the rows that are there."""
    return SchemaStatement(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}", SCAN, table, name, undo)


def set_not_null(table: str, column: str, check: str) -> tuple[SchemaStatement, ...]:
    """
    Return how the quoted ``column`` becomes NOT NULL by way of a constraint of the quoted name ``check``.

    PostgreSQL 12 and later take a validated check as proof, and do not scan the table again.
    """
    add = f"ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL)"
    taken = f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL; ALTER TABLE {table} DROP CONSTRAINT {check}"
    return (*checked_later(add, table, check), SchemaStatement(taken, table=table))
