"""
Columns and tables of PostgreSQL out of use, and back, without a row being touched.

They are renamed. What would go on having an effect is dropped and remembered: foreign keys, which would keep the
application from deleting rows elsewhere, and checks, which new rows would break. Indexes and sequences stay and are
renamed too, so that their names are free.
"""

from collections.abc import Sequence
from typing import Any

from .base import Database
from .postgresql_defaults import default_by_database
from .retirement import Retiree
from .schema_change import SchemaPlan, SchemaStatement, checked_later, set_not_null

CONSTRAINTS = (
    "SELECT c.conrelid::regclass::text, quote_ident(c.conname), pg_get_constraintdef(c.oid), c.convalidated"
    " FROM pg_constraint AS c WHERE "
)
INDEXES = (
    "SELECT quote_ident(n.nspname), quote_ident(i.relname), x.indisunique OR x.indisexclusion FROM pg_index AS x"
    " JOIN pg_class AS i ON i.oid = x.indexrelid JOIN pg_namespace AS n ON n.oid = i.relnamespace"
    " WHERE x.indrelid = to_regclass(%s)"
)
# A column is a part of an index, or of an expression or a condition in it.
WITH_COLUMN = (
    " AND (%s = ANY(x.indkey) OR EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass"
    " AND d.objid = i.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = x.indrelid AND d.refobjsubid = %s))"
)
SEQUENCES = (
    "SELECT quote_ident(n.nspname), quote_ident(s.relname) FROM pg_depend AS d"
    " JOIN pg_class AS s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_namespace AS n ON n.oid = s.relnamespace"
    " WHERE d.classid = 'pg_class'::regclass AND d.refobjid = to_regclass(%s) AND d.deptype IN ('a', 'i')"
    " ORDER BY s.relname"
)


class PostgreSQLRetirement(Database):
    """The part of ``PostgreSQL`` that takes columns and tables out of use."""

    def plan_retirement(self, thing: Retiree) -> SchemaPlan:
        return self._plan_column(thing) if thing.column else self._plan_table(thing)

    def _plan_column(self, thing: Retiree) -> SchemaPlan:
        column = self.row(
            "SELECT attnum, attnotnull, atthasdef OR attidentity <> '' FROM pg_attribute"
            " WHERE attrelid = to_regclass(%s) AND attname = %s AND NOT attisdropped",
            [thing.table, thing.column],
        )
        assert column is not None, f"there is no column {thing.column} in {thing.table}"
        number, is_needed, has_value = column
        indexes = self.rows(f"{INDEXES}{WITH_COLUMN} ORDER BY i.relname", [thing.table, number, number])
        own = self.rows(
            f"{CONSTRAINTS}c.conrelid = to_regclass(%s) AND c.contype IN ('c', 'f') AND %s = ANY(c.conkey)"
            " ORDER BY c.conname",
            [thing.table, number],
        )
        is_unique = any(found[2] for found in indexes)
        loosened = self._loosened(thing, is_unique) if is_needed and not has_value else ("", "", ())
        renamed = self._renamed(thing)
        there, back = [loosened[0], renamed[0]], [renamed[1], loosened[1]]
        self._rename_all("INDEX", [found[:2] for found in indexes], thing, there, back)
        return SchemaPlan((*self._without(own), self._at_once(thing, there, back, loosened[2])))

    def _renamed(self, thing: Retiree) -> tuple[str, str]:
        """Return how a column is renamed, and how it gets its name back."""
        old, new, alter = self.quote(thing.column), self.quote(thing.name), f"ALTER TABLE {thing.table}"
        return f"{alter} RENAME COLUMN {old} TO {new}", f"{alter} RENAME COLUMN {new} TO {old}"

    def default_of_new_rows(self, field: Any) -> str:
        return default_by_database(field, self.connection) or ""

    def shown_retirement(self, thing: Retiree, keys: Sequence[str]) -> list[str]:
        if thing.column:
            loosened = self._loosened(thing, thing.is_unique)[0] if thing.is_needed else ""
            done, others = [loosened, self._renamed(thing)[0]], "foreign keys and checks on it"
        else:
            done = [f"ALTER TABLE {thing.table} RENAME TO {self.quote(thing.name)}"]
            others = "foreign keys between it and other tables"
        return [
            f"{thing} is renamed, and its indexes with it; no row is written:",
            *(f"    {sql};" for sql in done if sql),
            f"Dropped and remembered: {others}.",
            "Undo renames it back, adds what was dropped again, and validates it then.",
        ]

    def shown_return(self, thing: Retiree) -> list[str]:
        renamed = f"ALTER TABLE {self.quote(thing.name)} RENAME TO {thing.table}"
        return [
            f"{thing} is renamed back, and its indexes with it:",
            f"    {self._renamed(thing)[1] if thing.column else renamed};",
            "What was dropped with it is added again, and validated then.",
        ]

    def _loosened(self, thing: Retiree, is_unique: bool) -> tuple[str, str, tuple[SchemaStatement, ...]]:
        """Return how rows can do without the column, how that is taken back, and what is to be proved then."""
        column = self.quote(thing.column)
        alter = f"ALTER TABLE {thing.table} ALTER COLUMN {column}"
        if thing.default is not None and not is_unique:
            own = self.connection.ops.compose_sql("%s", [thing.default])  # type: ignore[attr-defined]
            default = thing.default_by_database or own
            return f"{alter} SET DEFAULT {default}", f"{alter} DROP DEFAULT", ()
        check = self.quote(f"rm_not_null_{thing.column}"[: self.longest_name])
        return f"{alter} DROP NOT NULL", "", set_not_null(thing.table, column, check)

    def _plan_table(self, thing: Retiree) -> SchemaPlan:
        crossing = self.rows(
            f"{CONSTRAINTS}c.contype = 'f' AND c.conrelid <> c.confrelid"
            " AND to_regclass(%s) IN (c.conrelid, c.confrelid) ORDER BY c.conrelid::regclass::text, c.conname",
            [thing.table],
        )
        old = self.value("SELECT quote_ident(relname) FROM pg_class WHERE oid = to_regclass(%s)", [thing.table])
        schema = self.value(
            "SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = to_regclass(%s)", [thing.table]
        )
        new = self.quote(thing.name)
        there = [f"ALTER TABLE {thing.table} RENAME TO {new}"]
        back = [f"ALTER TABLE {schema}.{new} RENAME TO {old}"]
        indexes = [found[:2] for found in self.rows(f"{INDEXES} ORDER BY i.relname", [thing.table])]
        self._rename_all("INDEX", indexes, thing, there, back)
        self._rename_all("SEQUENCE", self.rows(SEQUENCES, [thing.table]), thing, there, back)
        return SchemaPlan((*self._without(crossing), self._at_once(thing, there, back, ())))

    def collides_on_null(self, table: str, column: str) -> bool:
        return bool(
            self.value(
                "SELECT bool_or((to_jsonb(x) ->> 'indnullsnotdistinct')::boolean) FROM pg_index AS x"
                " JOIN pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = ANY(x.indkey)"
                " WHERE x.indrelid = to_regclass(%s) AND a.attname = %s",
                [table, column],
            )
        )

    def _without(self, constraints: list[tuple[Any, ...]]) -> list[SchemaStatement]:
        """Return how ``constraints`` are dropped, and how each comes back: at once for new rows, then for all."""
        found = []
        for table, name, definition, is_valid in constraints:
            add = f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"
            back = checked_later(add, table, name) if is_valid else (SchemaStatement(add, table=table),)
            drop = f"ALTER TABLE {table} DROP CONSTRAINT {name}"
            found.append(SchemaStatement(drop, table=table, back=back))
        return found

    def _rename_all(
        self, kind: str, found: list[tuple[Any, ...]], thing: Retiree, there: list[str], back: list[str]
    ) -> None:
        for number, (schema, name) in enumerate(found, start=1):
            aside = self.quote(f"{thing.name}_{kind[0].lower()}{number}")
            there.append(f"ALTER {kind} {schema}.{name} RENAME TO {aside}")
            back.append(f"ALTER {kind} {schema}.{aside} RENAME TO {name}")

    def _at_once(
        self, thing: Retiree, there: list[str], back: list[str], proved: tuple[SchemaStatement, ...]
    ) -> SchemaStatement:
        returned = SchemaStatement("; ".join(filter(None, back)), table=thing.table)
        return SchemaStatement("; ".join(filter(None, there)), table=thing.table, back=(returned, *proved))

    def retired_place(self, name: str) -> str | None:
        found: str | None = self.value(
            "SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relkind IN ('r', 'p')"
            " AND pg_table_is_visible(c.oid) AND (c.relname = %s OR EXISTS (SELECT 1 FROM pg_attribute AS a"
            " WHERE a.attrelid = c.oid AND a.attname = %s AND NOT a.attisdropped)) ORDER BY c.oid LIMIT 1",
            [name, name],
        )
        return found

    def drop_retired(self, name: str) -> None:
        place, quoted = self.retired_place(name), self.quote(name)
        if place is not None:
            is_table = self.unquoted(place) == name
            self.execute(
                f"DROP TABLE {quoted}" if is_table else f"ALTER TABLE {self.literal(place)} DROP COLUMN {quoted}"
            )
