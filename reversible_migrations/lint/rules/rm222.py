"""
SQL that builds, checks or rewrites while nobody may write to a table in use, or even read it.

https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES
"""

from collections.abc import Iterator

from django.db.migrations.operations import RunPython, RunSQL

from ...phases.classify import column_of
from ...states import Level
from ..columns import column_type, has_column, is_rewritten, type_in_sql
from ..finding import Finding
from ..registry import OperationRule
from ..schema_sql import SchemaChange
from ..subject import OperationSubject
from ..tables_in_use import changes_in_sql, fields_of_table


class BlockingSQL(OperationRule):
    code = "RM222"
    name = "blocking-sql"
    level = Level.WARNING
    link = "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES"
    operations = (
        RunSQL,
        RunPython,
    )

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        for change in changes_in_sql(subject):
            told = None if keeps_table(subject, change) else harm(change)
            if told:
                yield self.finding(subject, *told)


def harm(change: SchemaChange) -> tuple[str, str] | None:
    """Return what a change does to the users of its table, and what to write instead; None where it is quick."""
    table, name = change.table, change.name or "the constraint"
    blocks = f"blocks reads and writes of {table} until it is done."
    if change.kind == "create index":
        index = change.name or "the index"
        hint = f"CREATE INDEX CONCURRENTLY {change.name} ON {table} ... in a migration with atomic = False."
        return f"Building {index} blocks writes to {table}.", hint.replace("  ", " ")
    if change.kind in ("check", "foreign key"):
        is_later = change.words[-2:] == ("NOT", "VALID")
        hint = (
            f"ADD CONSTRAINT {name} ... NOT VALID, and ALTER TABLE {table} VALIDATE CONSTRAINT {name} in a later one."
        )
        lock = blocks if change.kind == "check" else f"blocks writes to {table} and the table that it refers to."
        return None if is_later else (f"Checking all rows for {name} {lock}", hint)
    if change.kind in ("unique", "primary key", "exclusion"):
        return (
            None
            if "USING" in change.words and "INDEX" in change.words
            else (f"Building the index of {name} {blocks}", _index_hint(change, name))
        )
    if change.kind == "change type":
        hint = f"Add a column of the new type, fill it with ops.RecordedSQL, and drop {change.name} in a later release."
        return (
            None
            if may_be_quick(change)
            else (f"Writing {table} or its indexes anew for the type of {change.name} {blocks}", hint)
        )
    return _of_column(change, blocks)


def _index_hint(change: SchemaChange, name: str) -> str:
    if change.kind == "exclusion":
        return "There is no concurrent way: do it in a time of maintenance."
    index = f"CREATE UNIQUE INDEX CONCURRENTLY {name}_index ON {change.table} ..."
    return f"{index}, then ADD CONSTRAINT {name} {change.kind.upper()} USING INDEX {name}_index."


def _of_column(change: SchemaChange, blocks: str) -> tuple[str, str] | None:
    table, name = change.table, change.name
    if change.kind == "set not null":
        hint = (
            f"ADD CONSTRAINT {name}_not_null CHECK ({name} IS NOT NULL) NOT VALID, VALIDATE it later, then SET "
            "NOT NULL."
        )
        return f"Reading all rows to make {name} NOT NULL {blocks}", hint
    if change.kind == "add column" and change.is_volatile:
        hint = (
            f"ADD COLUMN {name} without the default, ALTER COLUMN {name} SET DEFAULT ..., and fill the rows in batches."
        )
        return f"Writing {table} anew for the values of {name} {blocks}", hint
    is_needed = ("NOT", "NULL") in zip(change.words, change.words[1:], strict=False)
    if change.kind == "add column" and is_needed and "DEFAULT" not in change.words:
        return (
            f"{name} may not be NULL and has no default: it fails if {table} has rows.",
            f"ADD COLUMN {name} ... DEFAULT ... NOT NULL.",
        )
    return None


def keeps_table(subject: OperationSubject, change: SchemaChange) -> bool:
    """Return whether a new type, for the field that is known, needs neither the table nor an index written anew."""
    new = type_in_sql(change.words) if change.kind == "change type" else None
    for name, field in fields_of_table(subject, change.table) if new else ():
        if has_column(field) and column_of(name, field) == change.name:
            old = column_type(field, "", "", subject.before)
            return old is not None and new is not None and not is_rewritten(old, new)
    return False


def may_be_quick(change: SchemaChange) -> bool:
    """Return whether the type may be one for which nothing is rewritten: what it was is not known here."""
    return change.words[:1] in (("TEXT",), ("CITEXT",)) or change.words == ("VARCHAR",)
