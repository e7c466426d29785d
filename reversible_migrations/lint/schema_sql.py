"""What the statements of an SQL text change in the schema of PostgreSQL, one by one."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..sql import Statement, statements_of, words_of

# Functions whose value differs from row to row.
VOLATILE_FUNCTIONS = {
    "RANDOM", "GEN_RANDOM_UUID", "UUID_GENERATE_V1", "UUID_GENERATE_V4", "UUIDV4", "UUIDV7", "CLOCK_TIMESTAMP",
    "TIMEOFDAY", "NEXTVAL",
}  # fmt: skip
SERIAL = {"SERIAL", "BIGSERIAL", "SMALLSERIAL", "SERIAL4", "SERIAL8"}
OF_CONSTRAINT = {
    "CHECK": "check",
    "UNIQUE": "unique",
    "PRIMARY": "primary key",
    "FOREIGN": "foreign key",
    "EXCLUDE": "exclusion",
}
SMALL = {"IF", "NOT", "EXISTS", "ONLY", "CONCURRENTLY"}


@dataclass(frozen=True)
class SchemaChange:
    """
    One change of one table. ``name`` is that of the column, constraint or index, "" where it has none.

    ``words`` are what follows the name, in capitals: the type of a column, the body of a constraint.
    """

    kind: str
    table: str
    name: str = ""
    words: tuple[str, ...] = ()

    @property
    def is_volatile(self) -> bool:
        """Return whether a new column has a value of its own in every row."""
        is_serial = bool(self.words[:1]) and self.words[0] in SERIAL
        default = self.words[self.words.index("DEFAULT") + 1 :] if "DEFAULT" in self.words else ()
        is_stored = "STORED" in self.words and "GENERATED" in self.words
        return is_serial or "IDENTITY" in self.words or is_stored or bool(VOLATILE_FUNCTIONS & set(default))


def schema_changes(statement: Statement) -> Iterator[SchemaChange]:
    """Yield what a statement changes in tables that are there; nothing for SQL of another database."""
    words = [] if "`" in statement.text else words_of(statement.text)
    if statement.kind == "ALTER TABLE" and statement.tables:
        table = statement.tables[0]
        for action in _actions(words, table):
            yield from _of_action(action, table)
    elif statement.kind == "CREATE INDEX" and statement.tables and not statement.is_concurrent:
        yield SchemaChange("create index", statement.tables[0], _name_of_index(words))
    elif statement.kind == "DROP INDEX" and not statement.is_concurrent:
        yield SchemaChange("drop index", "", _name_behind("INDEX", words))
    elif statement.kind == "DROP TABLE":
        for table in statement.tables:
            yield SchemaChange("drop table", table)


def made_tables(statement: Statement) -> tuple[str, ...]:
    return statement.tables if statement.kind in ("CREATE TABLE", "CREATE MATERIALIZED") else ()


def partitioned_tables(sql: Any) -> list[str]:
    """Return the tables that SQL makes in parts: ``CREATE TABLE event (...) PARTITION BY RANGE (day)``."""
    found = [each for each in statements_of(sql) if each.kind == "CREATE TABLE"]
    return [table for each in found if is_partitioned(each) for table in each.tables]


def is_partitioned(statement: Statement) -> bool:
    words = [word.upper() for word in words_of(statement.text)]
    return any(pair == ("PARTITION", "BY") for pair in pairwise(words))


def _actions(words: list[str], table: str) -> Iterator[list[str]]:
    """Yield the parts of an ALTER TABLE, cut at the commas that are not inside parentheses."""
    action: list[str] = []
    depth = 0
    for word in words[words.index(table) + 1 :] if table in words else ():
        depth += (word == "(") - (word == ")")
        if word == "," and depth == 0:
            yield action
            action = []
        elif word not in (";", "*"):
            action.append(word)
    if action:
        yield action


def _of_action(action: list[str], table: str) -> Iterator[SchemaChange]:
    verb = action[0].upper()
    rest = [word for word in action[1:] if word.upper() not in ("COLUMN", "IF", "EXISTS")]
    capitals = [word.upper() for word in rest]
    if verb == "ADD":
        yield from _added(action[1:], table)
    elif verb == "ALTER" and len(rest) > 1 and capitals[0] != "CONSTRAINT":
        if "TYPE" in capitals[1:4]:
            kept = tuple(capitals[capitals.index("TYPE") + 1 :])
            yield SchemaChange("change type", table, rest[0], kept)
        elif capitals[1:4] == ["SET", "NOT", "NULL"]:
            yield SchemaChange("set not null", table, rest[0])
    elif verb == "RENAME" and capitals[:1] == ["TO"]:
        yield SchemaChange("rename table", table, "".join(rest[1:2]))
    elif verb == "RENAME" and rest and capitals[0] != "CONSTRAINT":
        yield SchemaChange("rename column", table, rest[0], tuple(rest[2:3]))
    elif verb == "DROP" and capitals[:1] != ["CONSTRAINT"] and rest:
        yield SchemaChange("drop column", table, rest[0])


def _added(rest: list[str], table: str) -> Iterator[SchemaChange]:
    name = ""
    if rest[:1] and rest[0].upper() == "CONSTRAINT":
        name, rest = "".join(rest[1:2]), rest[2:]
    while rest and rest[0].upper() in ("COLUMN", *SMALL):
        rest = rest[1:]
    capitals = tuple(word.upper() for word in rest)
    if name or (capitals and capitals[0] in OF_CONSTRAINT):
        yield SchemaChange(OF_CONSTRAINT.get("".join(capitals[:1]), "constraint"), table, name, capitals)
    elif rest:
        yield SchemaChange("add column", table, rest[0], capitals[1:])


def _name_of_index(words: list[str]) -> str:
    name = _name_behind("INDEX", words)
    return "" if name.upper() == "ON" else name


def _name_behind(word: str, words: list[str]) -> str:
    capitals = [each.upper() for each in words]
    behind = words[capitals.index(word) + 1 :]
    return next((each for each in behind if each.upper() not in SMALL), "")
