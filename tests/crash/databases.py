"""
Throw-away databases, read without Django: what a test compares is what the database itself says.

Each is a copy of one template, so a scenario starts from the same rows every time.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parents[2]
TABLES = ["crash_category", "crash_medicine", "crash_batch", "crash_recall", "crash_leaflet"]
PREPARE = "import django; django.setup(); from tests.crash.prepare import prepare; prepare({medicines})"

Rows = dict[str, list[Any]]


class Scratch(ABC):
    """A database of a test's own."""

    url: str
    variable: str
    vendor: str

    def environment(self, scenario: str = "updating", options: str = "{}") -> dict[str, str]:
        """Return the variables by which a process works on this database."""
        inherited = {k: v for k, v in os.environ.items() if k not in ("SQLITE_URL", "POSTGRESQL_URL", "DATABASE_URL")}
        return {
            **inherited,
            "DJANGO_SETTINGS_MODULE": "tests.crash.settings",
            self.variable: self.url,
            "CRASH_SCENARIO": scenario,
            "CRASH_OPTIONS": options,
            "PYTHONWARNINGS": "error",
        }

    @abstractmethod
    def query(self, text: str) -> list[tuple[Any, ...]]: ...

    @abstractmethod
    def execute(self, text: str) -> None: ...

    @abstractmethod
    def table_names(self) -> set[str]: ...

    @abstractmethod
    def raw_rows(self, table: str) -> list[Any]:
        """Return the rows as the database stores them, bit for bit, in the order of their keys."""

    @abstractmethod
    def leftover_triggers(self) -> list[Any]: ...

    @abstractmethod
    def copy(self, name: str) -> Scratch: ...

    @abstractmethod
    def drop(self) -> None: ...

    def rows(self) -> Rows:
        """Return every row of the project's tables."""
        return {table: self.raw_rows(table) for table in TABLES}

    def prepare(self, medicines: int) -> None:
        code = PREPARE.format(medicines=medicines)
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=self.environment(), check=True)

    def ledger(self, columns: str, where: str = "1 = 1") -> list[tuple[Any, ...]]:
        return self.query(f"SELECT {columns} FROM reversible_migrations_run WHERE {where} ORDER BY id")

    def is_recorded(self) -> bool:
        """Return whether Django has recorded the scenario's migration as applied."""
        return bool(self.query("SELECT 1 FROM django_migrations WHERE app = 'crash' AND name = '0002_patch'"))


class SQLiteScratch(Scratch):
    variable, vendor = "SQLITE_URL", "sqlite"

    def __init__(self, path: Path | str):
        self.path = Path(path)
        self.url = f"sqlite:///{path}"

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=60, isolation_level=None)

    def query(self, text: str) -> list[tuple[Any, ...]]:
        connection = self._connect()
        try:
            return connection.execute(text).fetchall()
        finally:
            connection.close()

    def execute(self, text: str) -> None:
        self.query(text)

    def table_names(self) -> set[str]:
        return {name for (name,) in self.query("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def raw_rows(self, table: str) -> list[Any]:
        columns = [name for (name,) in self.query(f"SELECT name FROM pragma_table_info('{table}')")]
        shown = ", ".join(f"'{name} ' || typeof({name}) || ' ' || quote({name})" for name in columns)
        return self.query(f"SELECT {shown} FROM {table} ORDER BY id")

    def leftover_triggers(self) -> list[Any]:
        return self.query("SELECT name FROM sqlite_master WHERE type = 'trigger'")

    def copy(self, name: str) -> SQLiteScratch:
        path = self.path.with_name(f"{name}.sqlite3")
        shutil.copy(self.path, path)
        return SQLiteScratch(path)

    def drop(self) -> None:
        for path in self.path.parent.glob(f"{self.path.name}*"):
            path.unlink()


class PostgreSQLScratch(Scratch):
    variable, vendor = "POSTGRESQL_URL", "postgresql"

    def __init__(self, server: str, name: str):
        self.server, self.name = server, name
        self.url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))

    def query(self, text: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(text).fetchall()

    def execute(self, text: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(text)

    def table_names(self) -> set[str]:
        return {name for (name,) in self.query("SELECT relname::text FROM pg_class WHERE relkind = 'r'")}

    def raw_rows(self, table: str) -> list[Any]:
        columns = self.query(
            f"SELECT attname::text FROM pg_attribute WHERE attrelid = '{table}'::regclass"
            " AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        )
        shown = ", ".join(f"'{name} ' || coalesce('=' || {name}::text, 'NULL')" for (name,) in columns)
        return self.query(f"SELECT {shown} FROM {table} ORDER BY id")

    def leftover_triggers(self) -> list[Any]:
        triggers = self.query("SELECT tgrelid::regclass::text, tgname::text FROM pg_trigger WHERE NOT tgisinternal")
        return triggers + self.query("SELECT proname::text FROM pg_proc WHERE proname LIKE 'rm\\_%'")

    def administer(self, *statements: sql.Composed) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def create(self, template: str = "template1") -> None:
        names = sql.Identifier(self.name), sql.Identifier(template)
        self.administer(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(names[0]),
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names),
        )

    def copy(self, name: str) -> PostgreSQLScratch:
        copied = PostgreSQLScratch(self.server, f"{self.name}_{name}"[:63])
        copied.create(self.name)
        return copied

    def drop(self) -> None:
        self.administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.name)))


def without_own_keys(rows: Mapping[str, list[Any]]) -> Rows:
    """
    Return the rows without the keys that the database gives to leaflets.

    A sequence is not rolled back with its transaction, so a killed run leaves gaps.
    """
    return {**rows, "crash_leaflet": sorted(row[1:] for row in rows["crash_leaflet"])}
