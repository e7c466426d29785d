"""What an SQLite file says when it is verified. It has no invalid indexes, and no key of its falls behind."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .catalogue import Catalogue, ForeignKey, Recorder, journal_of_recorder

INSTRUCTIONS_BETWEEN_LOOKS = 20_000  # of SQLite's virtual machine: some tenths of a millisecond


class SQLiteCatalogue(Catalogue):
    @contextmanager
    def reading(self, seconds: float) -> Iterator[None]:
        # No transaction of its own: with the option IMMEDIATE it would lock writers out.
        self.db.connection.ensure_connection()
        driver = self.db.connection.connection
        was = self.db.value("PRAGMA query_only")
        until = time.monotonic() + seconds
        driver.set_progress_handler(lambda: time.monotonic() > until, INSTRUCTIONS_BETWEEN_LOOKS)
        driver.execute("PRAGMA query_only = ON")
        try:
            yield
        finally:
            driver.set_progress_handler(None, 0)
            driver.execute(f"PRAGMA query_only = {int(was)}")

    def is_broken_off(self, error: BaseException) -> bool:
        code = int(getattr(error.__cause__ or error, "sqlite_errorcode", 0) or 0) & 0xFF
        return code in (sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

    def tables_named(self, prefix: str) -> list[str]:
        found = self.db.rows(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, %s) = %s ORDER BY name",
            [len(prefix), prefix],
        )
        return [name for (name,) in found]

    def columns_named(self, prefix: str) -> list[tuple[str, str]]:
        found = self.db.rows(
            "SELECT m.name, c.name FROM sqlite_master AS m, pragma_table_xinfo(m.name) AS c"
            " WHERE m.type = 'table' AND substr(c.name, 1, %s) = %s ORDER BY m.name, c.cid",
            [len(prefix), prefix],
        )
        return [(self.db.quote(table), column) for table, column in found]

    def foreign_keys(self) -> list[ForeignKey]:
        names = self.db.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        found: list[ForeignKey] = []
        for (name,) in names:
            table = self.db.quote(name)
            found += [
                ForeignKey(table, ", ".join(r.columns), r.columns, r.target, r.target_columns)
                for r in self.db.references(table)
                if r.table == table
            ]
        return found

    def dangling(self, key: ForeignKey, seconds: float) -> Iterator[int]:
        table, target = key.table[1:-1], key.target[1:-1]
        with self.reading(seconds):
            found = self.db.value(
                "SELECT count(*) FROM pragma_foreign_key_check(%s) AS c, pragma_foreign_key_list(%s) AS k"
                ' WHERE c.fkid = k.id AND k.seq = 0 AND k."from" = %s AND c.parent = %s COLLATE NOCASE',
                [table, table, key.columns[0], target],
            )
        yield int(found or 0)

    def recorders(self) -> list[Recorder]:
        # Those of a recording are temporary and end with their session; these were made by somebody else.
        found = self.db.rows("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
        return [
            Recorder("trigger", name, self.db.quote(table), f"DROP TRIGGER {self.db.quote(name)}")
            for name, table in found
            if journal_of_recorder(name)
        ]

    def is_same_type(self, expected: str, found: str) -> bool | None:
        return expected.replace(" ", "").lower() == found.replace(" ", "").lower()

    def plan(self, sql: str) -> list[str]:
        return [str(detail) for _, _, _, detail in self.db.rows(f"EXPLAIN QUERY PLAN {self.db.literal(sql)}")]
