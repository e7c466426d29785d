"""
Columns and tables of SQLite out of use, and back, by way of a copy.

Django changes most things on SQLite by making the table anew with the columns that it knows, so a renamed column would
not last. A copy of the values, with the key of each row, does.
"""

from collections.abc import Sequence

from .base import Database
from .retirement import Kept, Retiree


class SQLiteRetirement(Database):
    """The part of ``SQLite`` that takes columns and tables out of use."""

    def keep_copy(self, thing: Retiree, keys: Sequence[str]) -> Kept:
        columns = [*keys, thing.column] if thing.column else self.stored_columns(thing.table)
        named = ", ".join(self.literal(self.quote(column)) for column in dict.fromkeys(columns))
        self.execute(self._copied(thing, named))
        return Kept(self._objects(thing.table), self._sequence(thing.table))

    def _copied(self, thing: Retiree, columns: str) -> str:
        return f"CREATE TABLE {self.quote(thing.name)} AS SELECT {columns} FROM {thing.table}"

    def shown_retirement(self, thing: Retiree, keys: Sequence[str]) -> list[str]:
        columns = ", ".join(map(self.quote, [*keys, thing.column])) if thing.column else "*"
        return [
            f"{thing} is copied:",
            f"    {self._copied(thing, columns)};",
            "Remembered: its indexes and triggers. Then Django drops it.",
            "Undo lets Django make it anew, fills it from the copy, and makes what was remembered again.",
        ]

    def shown_return(self, thing: Retiree) -> list[str]:
        return [
            f"{thing} is made anew by Django, filled from its copy {thing.name}, and gets back what was remembered."
        ]

    def copy_column_back(self, thing: Retiree, keys: Sequence[str]) -> int:
        kept, column = self.quote(thing.name), self.literal(self.quote(thing.column))
        joined = " AND ".join(f"{self.column(thing.table, key)} = {self.column(kept, key)}" for key in keys)
        return self.execute(f"UPDATE {thing.table} SET {column} = {kept}.{column} FROM {kept} WHERE {joined}")

    def copy_table_back(self, thing: Retiree) -> int:
        kept = self.quote(thing.name)
        columns = ", ".join(self.literal(self.quote(column)) for column in self.read_columns(kept))
        return self.execute(f"INSERT INTO {thing.table} ({columns}) SELECT {columns} FROM {kept}")

    def bring_objects_back(self, thing: Retiree, kept: Kept) -> None:
        there = self._objects(thing.table)
        with self.connection.cursor() as cursor:
            for name, sql in kept.objects.items():
                if name not in there:
                    cursor.execute(sql)
        if kept.sequence is not None:
            name = self.unquoted(thing.table)
            self.execute("DELETE FROM sqlite_sequence WHERE name = %s AND seq < %s", [name, kept.sequence])
            self.execute(
                "INSERT INTO sqlite_sequence (name, seq) SELECT %s, %s"
                " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = %s)",
                [name, kept.sequence, name],
            )

    def _objects(self, table: str) -> dict[str, str]:
        return dict(
            self.rows(
                "SELECT name, sql FROM sqlite_master WHERE tbl_name = %s COLLATE NOCASE AND sql IS NOT NULL"
                " AND type IN ('index', 'trigger') ORDER BY rowid",
                [self.unquoted(table)],
            )
        )

    def _sequence(self, table: str) -> int | None:
        if not self.has_table("sqlite_sequence"):
            return None
        found: int | None = self.value("SELECT seq FROM sqlite_sequence WHERE name = %s", [self.unquoted(table)])
        return found
