"""SQLite's own ways: one writer at a time, temporary triggers, raw values as they are stored."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.db import OperationalError, transaction

from .base import BEFORE, Column, Key, Reference, Sql, TableChange
from .sqlite_retirement import SQLiteRetirement

SAMPLED_ROWS = 1_000  # of a table, for the widths of its columns
EVENTS = ("INSERT", "UPDATE", "DELETE")
GENERATED = (2, 3)  # table_xinfo's "hidden": virtual and stored generated columns


class SQLite(SQLiteRetirement):
    longest_name = 1_000  # SQLite sets no limit

    def key_value(self, sql: str) -> str:
        return sql

    def key_parameter(self, column: Column) -> str:
        return "%s"

    def key_to_json(self, values: Sequence[Any]) -> Key:
        return [{"blob": value.hex()} if isinstance(value, bytes) else value for value in values]

    def key_params(self, key: Key) -> tuple[Any, ...]:
        return tuple(bytes.fromhex(value["blob"]) if isinstance(value, dict) else value for value in key)

    def same(self, left: Sequence[str], right: Sequence[str]) -> str:
        # Binary collation tells 'a' from 'A' where the column does not; typeof tells 1 from 1.0.
        pairs = [f"({a} IS {b} COLLATE BINARY AND typeof({a}) = typeof({b}))" for a, b in zip(left, right, strict=True)]
        return "(" + " AND ".join(pairs) + ")"

    def turned_back(self, sql: str, type_: str) -> str:
        return sql  # a column's affinity turns a value as no cast does; what differs at all is kept

    # Catalogue

    def read_columns(self, table: str) -> dict[str, Column]:
        found = self.rows("SELECT name, type, hidden FROM pragma_table_xinfo(%s)", [self.unquoted(table)])
        return {name: Column(name, type_, hidden in GENERATED) for name, type_, hidden in found}

    def estimated_rows(self, table: str) -> int:
        # Counting the narrowest b-tree is quick in a local file: 0.01 s for a million rows.
        return int(self.value(f"SELECT count(*) FROM {table}") or 0)

    def average_widths(self, table: str, columns: Sequence[str]) -> dict[str, float]:
        names = [self.quote(name) for name in columns]
        first = f"SELECT {', '.join(names)} FROM {table} LIMIT {SAMPLED_ROWS}"
        widths = ", ".join(f"avg(length(CAST({name} AS blob)))" for name in names)
        found = self.row(f"SELECT {widths} FROM ({first})") or ()
        return {name: float(width) for name, width in zip(columns, found, strict=True) if width is not None}

    def unique_columns(self, table: str) -> set[str]:
        found = self.rows(
            "SELECT c.name FROM pragma_index_list(%s) AS i, pragma_index_info(i.name) AS c"
            " WHERE i.\"unique\" AND i.origin <> 'pk'",
            [self.unquoted(table)],
        )
        return {name for (name,) in found if name is not None}

    def free_value(self, target: str, column: Column) -> str | None:
        name = self.literal(self.quote(column.name))
        kind = column.type.lower()
        if any(number in kind for number in ("int", "real", "decimal", "numeric", "float", "double")):
            return f"(SELECT max({name}) FROM {target}) + rm_parked.n"
        return "lower(hex(randomblob(16)))" if "char" in kind or "text" in kind or "date" in kind else None

    def is_unique_violation(self, error: BaseException) -> bool:
        return self._code(error) in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)

    def references(self, table: str) -> list[Reference]:
        found = self.rows(
            'SELECT m.name, f.id, f."from", f."table", f."to"'
            " FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f"
            " WHERE m.type = 'table' AND (m.name = %s OR f.\"table\" = %s COLLATE NOCASE) ORDER BY m.name, f.id, f.seq",
            [self.unquoted(table)] * 2,
        )
        grouped: dict[tuple[str, int, str], list[tuple[str, str | None]]] = {}
        for name, number, column, target, target_column in found:
            grouped.setdefault((name, number, target), []).append((column, target_column))
        return [self._reference(name, target, pairs) for (name, _, target), pairs in grouped.items()]

    def _reference(self, name: str, target: str, pairs: list[tuple[str, str | None]]) -> Reference:
        quoted = self.quote(target)
        primary = [row[0] for row in self.rows("SELECT name FROM pragma_table_info(%s) WHERE pk ORDER BY pk", [target])]
        to = [column or primary[i] for i, (_, column) in enumerate(pairs)]  # NULL means the primary key
        return Reference(self.quote(name), tuple(column for column, _ in pairs), quoted, tuple(to))

    def delete_joined(
        self, target: str, keys: Sequence[str], journal: str, condition: str, params: Sequence[Any]
    ) -> int:
        own = ", ".join(self.literal(self.quote(key)) for key in keys)
        joined = ", ".join(self.column(target, key) for key in keys)
        return self.execute(
            f"DELETE FROM {target} WHERE ({own}) IN (SELECT {joined} FROM {journal}, {target} WHERE {condition})",
            params,
        )

    def table_bytes(self, table: str) -> int | None:
        try:
            with transaction.atomic(using=self.alias):
                found = self.value("SELECT sum(pgsize) FROM dbstat WHERE name = %s", [table.strip('"')])
        except Exception:  # this build of SQLite has no dbstat
            return None
        return None if found is None else int(found)

    backup_suffix = ".sqlite3"

    def size_bytes(self) -> int:
        return int(self.value("PRAGMA page_count")) * int(self.value("PRAGMA page_size"))

    def back_up(self, path: Path) -> None:
        self.connection.ensure_connection()
        try:
            with closing(sqlite3.connect(path)) as copy:
                self.connection.connection.backup(copy)
        except sqlite3.Error as error:
            raise OSError(str(error)) from None

    def journal_exists(self, journal: str) -> bool:
        return self.has_table(journal)

    # Who is there: SQLite's sessions are processes of this host, which the lease knows by itself

    @property
    def is_private_to_connection(self) -> bool:
        connection: Any = self.connection
        return bool(connection.is_in_memory_db())

    def session(self) -> dict[str, Any]:
        return {}

    def sessions_gone(self, sessions: Sequence[Mapping[str, Any]]) -> list[bool]:
        return [False] * len(sessions)

    def end_stalled_session(self, session: Mapping[str, Any], idle_seconds: float) -> bool:
        return False

    @contextmanager
    def briefly_waiting(self, seconds: float) -> Iterator[None]:
        before = self.value("PRAGMA busy_timeout")
        self.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")
        try:
            yield
        finally:
            self.execute(f"PRAGMA busy_timeout = {int(before)}")

    def is_passing(self, error: BaseException) -> bool:
        return self._code(error) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

    def is_lost_connection(self, error: BaseException) -> bool:
        return False

    def is_out_of_place(self, error: BaseException) -> str | None:
        return {
            sqlite3.SQLITE_FULL: "the disk, or the space given to the database, is full",
            sqlite3.SQLITE_READONLY: "the database file is read-only",
            sqlite3.SQLITE_IOERR: "the disk gave an input/output error",
            sqlite3.SQLITE_CANTOPEN: "the database file, or its journal beside it, cannot be opened",
        }.get(self._code(error) & 0xFF)

    def _code(self, error: BaseException) -> int:
        return int(getattr(error.__cause__ or error, "sqlite_errorcode", 0) or 0)

    def describe(self, error: BaseException) -> str:
        cause = error.__cause__
        text = str(error)
        if isinstance(cause, sqlite3.IntegrityError) and " constraint failed" in text:
            return text  # "UNIQUE constraint failed: table.column": names, no values
        # "no such column: price": of this kind the text names things, never a value of a row.
        return f"{type(error).__name__} ({text})" if isinstance(error, OperationalError) else type(error).__name__

    @contextmanager
    def checking_references(self) -> Iterator[None]:
        if self.connection.in_atomic_block:  # the pragma has no effect inside a transaction
            yield
            return
        was_on = self.value("PRAGMA foreign_keys")
        self.execute("PRAGMA foreign_keys = ON")
        try:
            yield
        finally:
            if not was_on and not self.connection.in_atomic_block:
                self.execute("PRAGMA foreign_keys = OFF")

    def analyze(self, table: str) -> None:
        """Leave the file's statistics alone: they would change the plans of the application."""

    def data_directory(self) -> str | None:
        name = str(self.connection.settings_dict["NAME"])
        return None if ":memory:" in name or "mode=memory" in name else str(Path(name).resolve().parent)

    # The batch

    locks = False  # one writer at a time: nobody changes a row between two statements of a batch
    source_has_after = True

    def change_rows(self, source: Sql, changes: Sequence[TableChange], batch: int) -> int:
        marks = [self.value(f"SELECT max(rowid) FROM {change.journal}") or 0 for change in changes]
        place = 0
        for change in changes:
            self._keep(place, source, changes, change, batch)
            place += len(change.assignments)
        return max(
            self.assign_after(change, f"{change.journal}.rowid > %s", [mark])
            for change, mark in zip(changes, marks, strict=True)
        )

    def _keep(self, place: int, source: Sql, changes: Sequence[TableChange], change: TableChange, batch: int) -> None:
        if len(changes) == 1:
            self.execute(f"INSERT INTO {change.journal} SELECT {int(batch)}, * FROM ({source[0]})", source[1])
            return
        width = len(change.assignments)
        kept = [f"k{i}" for i in range(len(change.keys))]
        kept += [f"{prefix}{place + i}" for prefix in "bn" for i in range(width)]
        self.execute(
            f"WITH {BEFORE} ({self.source_columns(changes, True)}) AS ({source[0]})"
            f" INSERT INTO {change.journal} SELECT {int(batch)}, {', '.join(kept)} FROM {BEFORE}",
            source[1],
        )

    def skip_keys(self, table: str, column: str, greatest: int) -> None:
        """Do nothing: the next key is always behind the greatest that was ever there."""

    def new_values(self, keys: Sequence[Column], columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> Sql:
        width = len(keys) + len(columns)
        names = ", ".join(f"v{i}" for i in range(width))
        self.execute(f"CREATE TEMP TABLE IF NOT EXISTS {self.values_table(width)} ({names})")
        self.execute(f"DELETE FROM temp.{self.values_table(width)}")
        with self.connection.cursor() as cursor:
            placeholders = ", ".join(["%s"] * width)
            cursor.executemany(f"INSERT INTO temp.{self.values_table(width)} VALUES ({placeholders})", rows)
        return f"SELECT * FROM temp.{self.values_table(width)}", ()

    def values_table(self, width: int) -> str:
        return f"rm_values_{width}"

    # Recording triggers

    def install_recorder(
        self, target: str, journal: str, keys: Sequence[str], columns: Sequence[str], mark: str
    ) -> None:
        self.remove_recorder(target, journal)

        def row(of: str, names: Sequence[str]) -> list[str]:
            return [f"{of}.{self.quote(name)}" for name in names]

        key, before, after = (self.images(p, c) for p, c in (("key", keys), ("before", columns), ("after", columns)))

        def kept(op: str, into: list[str], values: list[str], condition: str = "") -> str:
            return (
                f"INSERT INTO {journal.strip()} (batch, op, {', '.join(into)})"
                f" SELECT 1, '{op}', {', '.join(values)}{condition};"
            )

        moved = "NOT " + self.same(row("OLD", keys), row("NEW", keys))
        removed = (key + before, row("OLD", keys) + row("OLD", columns))
        added = (key + after, row("NEW", keys) + row("NEW", columns))
        changed = (key + before + after, row("OLD", keys) + row("OLD", columns) + row("NEW", columns))
        bodies = {
            "INSERT": kept("I", *added),
            "DELETE": kept("D", *removed),
            "UPDATE": kept("U", *changed, f" WHERE NOT ({moved})")
            + kept("D", *removed, f" WHERE {moved}")
            + kept("I", *added, f" WHERE {moved}"),
        }
        for event, body in bodies.items():
            name = self._recorder_name(journal, event)
            self.execute(f"CREATE TEMP TRIGGER {name} AFTER {event} ON main.{target} BEGIN {body} END")

    def _recorder_name(self, journal: str, event: str) -> str:
        return self.quote(f"{journal.strip(chr(34))}_{event.lower()}")

    def remove_recorder(self, target: str, journal: str) -> None:
        for event in EVENTS:
            self.execute(f"DROP TRIGGER IF EXISTS temp.{self._recorder_name(journal, event)}")

    @contextmanager
    def recording(self, mark: str) -> Iterator[None]:
        # REPLACE deletes the rows it replaces: with recursive triggers that is recorded too.
        self.execute("PRAGMA recursive_triggers = ON")
        try:
            yield
        finally:
            if self.connection.connection is not None:  # past Django, which runs nothing in a broken transaction
                self.connection.connection.execute("PRAGMA recursive_triggers = OFF")

    @contextmanager
    def watch_writes(self, tables: Sequence[str]) -> Iterator[set[str]]:
        # An authorizer would name the tables of statements that then touch no row.
        self.execute("CREATE TEMP TABLE IF NOT EXISTS rm_written (name text)")
        self.execute("DELETE FROM temp.rm_written")
        here = {name for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
        watched = [
            (f"rm_watch_{n}_{event}", event, table)
            for n, table in enumerate(tables)
            for event in EVENTS
            if table in here
        ]
        for name, event, table in watched:
            text = "'" + table.replace("'", "''") + "'"
            self.execute(
                f"CREATE TEMP TRIGGER {name} AFTER {event} ON main.{self.quote(table)} BEGIN INSERT INTO rm_written"
                f" SELECT {text} WHERE NOT EXISTS (SELECT 1 FROM rm_written WHERE name = {text}); END"
            )
        written: set[str] = set()
        yield written  # an error rolls the triggers back with all the rest
        written |= {name for (name,) in self.rows("SELECT name FROM temp.rm_written")}
        for name, _, _ in watched:
            self.execute(f"DROP TRIGGER temp.{name}")
