"""PostgreSQL's own ways: one statement per batch, row locks, sessions that can be looked up."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import (
    DatabaseError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
    transaction,
)
from django.db.backends.base.base import BaseDatabaseWrapper

from .base import BEFORE, Column, Key, Reference, Sql, TableChange
from .postgresql_backup import PostgreSQLBackup
from .postgresql_keys import SAMPLED_PAGES, PostgreSQLKeys
from .postgresql_load import PostgreSQLLoad
from .postgresql_recording import PostgreSQLRecording
from .postgresql_retirement import PostgreSQLRetirement
from .postgresql_schema import PostgreSQLSchema

PASSING = {
    "40001",  # serialization failure
    "40P01",  # deadlock
    "55P03",  # lock not available
}
LOST = {
    "57P01",  # terminated by an administrator
    "57P02",  # crash of another backend
    "57P03",  # cannot connect now
    "53300",  # too many connections
}
OUT_OF_PLACE = {
    "42501": "the database role has no right to do it",
    "25006": "the database is read-only",
    "53100": "the disk is full",
    "53400": "a limit of the server's configuration is reached",
}
NUMBERS = {"smallint", "integer", "bigint", "numeric", "real", "double precision"}
MOMENTS = {"date", "timestamp without time zone", "timestamp with time zone"}
TEXTS = {"text", "character varying", "character", "citext"}
SEPARATOR = "\x1f"  # ASCII's own "unit separator"


class PostgreSQL(
    PostgreSQLKeys, PostgreSQLRecording, PostgreSQLLoad, PostgreSQLBackup, PostgreSQLSchema, PostgreSQLRetirement
):
    lock_clause = " FOR UPDATE"

    def __init__(self, connection: BaseDatabaseWrapper):
        super().__init__(connection)
        self._is_plain: dict[str, bool] = {}

    def key_value(self, sql: str) -> str:
        return f"{sql}::text"

    def key_of_values(self, values: Sequence[Any]) -> Key:
        return [f"\\x{bytes(v).hex()}" if isinstance(v, bytes | memoryview) else str(v) for v in values]

    def key_parameter(self, column: Column) -> str:
        return f"%s::{self.literal(column.type)}"

    def same(self, left: Sequence[str], right: Sequence[str]) -> str:
        # The image operator compares bytes: it holds for json, xml and point, which have no
        # equality, and it tells 1.0 from 1.00 and 'a' from a citext 'A'.
        # Without the cast, PostgreSQL would compare the columns one by one.
        return f"(ROW({', '.join(left)})::record *= ROW({', '.join(right)})::record)"

    # Catalogue

    def read_columns(self, table: str) -> dict[str, Column]:
        found = self.rows(
            "SELECT attname, format_type(atttypid, atttypmod), attgenerated <> '' FROM pg_attribute"
            " WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [table],
        )
        return {name: Column(name, type_, generated) for name, type_, generated in found}

    def estimated_rows(self, table: str) -> int:
        counted = int(self.value(f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT 10001) AS few") or 0)
        if counted <= 10_000:
            return counted
        known, analysed, pages = self.rows(
            "SELECT reltuples::bigint, relpages, pg_relation_size(oid) / current_setting('block_size')::int"
            " FROM pg_class WHERE oid = to_regclass(%s)",
            [table],
        )[0]
        if known > 0 and 0.9 < analysed / max(pages, 1) < 1.1:
            return int(known)
        percent = min(100.0, 100.0 * SAMPLED_PAGES / max(pages, 1))
        try:
            with transaction.atomic(using=self.alias):
                found = self.value(f"SELECT count(*) FROM {table} TABLESAMPLE SYSTEM ({percent:f})") or 0
        except DatabaseError:  # a view or a foreign table
            return int(max(known, counted))
        return int(max(counted, round(found * 100 / percent)))

    def unique_columns(self, table: str) -> set[str]:
        found = self.rows(
            "SELECT DISTINCT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)"
            " WHERE indrelid = to_regclass(%s) AND indisunique AND NOT indisprimary",
            [table],
        )
        return {name for (name,) in found}

    def free_value(self, target: str, column: Column) -> str | None:
        most = f"(SELECT max({self.literal(self.quote(column.name))}) FROM {target})"
        kind = column.type.partition("(")[0]
        if kind in NUMBERS:
            return f"({most} + rm_parked.n)::{column.type}"
        if kind in MOMENTS:
            return f"({most} + rm_parked.n * interval '1 day')::{column.type}"
        if kind in TEXTS:
            return f"replace(gen_random_uuid()::text, '-', '')::{self.literal(column.type)}"
        return "gen_random_uuid()" if kind == "uuid" else None

    def is_unique_violation(self, error: BaseException) -> bool:
        return self.sqlstate(error) == "23505"

    def references(self, table: str) -> list[Reference]:
        def names(relation: str, numbers: str) -> str:
            return (
                "(SELECT array_agg(attname::text ORDER BY place)"
                f" FROM unnest({numbers}) WITH ORDINALITY AS n(num, place)"
                f" JOIN pg_attribute ON attrelid = {relation} AND attnum = num)"
            )

        def quoted(relation: str) -> str:  # as Django writes it, so that tables can be compared by their names
            name = "'\"' || relname || '\"'"
            far = f"'\"' || nspname || '\".' || {name}"
            return (
                f"(SELECT CASE WHEN pg_table_is_visible(t.oid) THEN {name} ELSE {far} END"
                f" FROM pg_class AS t JOIN pg_namespace AS n ON n.oid = t.relnamespace WHERE t.oid = {relation})"
            )

        found = self.rows(
            f"SELECT {quoted('c.conrelid')}, {names('c.conrelid', 'c.conkey')},"
            f" {quoted('c.confrelid')}, {names('c.confrelid', 'c.confkey')} FROM pg_constraint c"
            " WHERE c.contype = 'f' AND (c.conrelid = to_regclass(%s) OR c.confrelid = to_regclass(%s))"
            " AND c.conparentid = 0",
            [table, table],
        )
        own = self.value(f"SELECT {quoted('to_regclass(%s)')}", [table])
        given = {own: table}  # the name as it was asked for, so that names can be compared
        return [Reference(given.get(a, a), tuple(b), given.get(c, c), tuple(d)) for a, b, c, d in found]

    def number_rows(self, journal: str) -> str:
        self.execute(f"ALTER TABLE {journal} ADD COLUMN seq bigint GENERATED ALWAYS AS IDENTITY")
        return "seq"

    has_parallel_writers = True

    bounds_joins = True
    overriding = " OVERRIDING SYSTEM VALUE"

    def delete_joined(
        self, target: str, keys: Sequence[str], journal: str, condition: str, params: Sequence[Any]
    ) -> int:
        return self.execute(f"DELETE FROM {target} USING {journal} WHERE {condition}", params)

    def table_bytes(self, table: str) -> int | None:
        found = self.value("SELECT pg_total_relation_size(to_regclass(%s))", [table])
        return None if found is None else int(found)

    def journal_exists(self, journal: str) -> bool:
        return self.value("SELECT to_regclass(%s) IS NOT NULL", [journal]) is True

    # Who is there

    def session(self) -> dict[str, Any]:
        if self.is_pooled:
            return {}
        pid, started = self.rows("SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()")[
            0
        ]
        return {"backend": pid, "backend_started": started}

    def sessions_gone(self, sessions: Sequence[Mapping[str, Any]]) -> list[bool]:
        known = [session["backend"] for session in sessions if "backend" in session]
        if not known or self.is_pooled:
            return [False] * len(sessions)
        begun = dict(self.rows("SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = ANY(%s)", [known]))
        return [
            "backend" in session and begun.get(session["backend"], "") not in (None, session["backend_started"])
            for session in sessions
        ]

    def end_stalled_session(self, session: Mapping[str, Any], idle_seconds: float) -> bool:
        if "backend" not in session or self.is_pooled:
            return False
        return bool(
            self.value(
                "SELECT bool_or(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE pid = %s AND backend_start::text = %s AND state LIKE 'idle in transaction%%'"
                " AND state_change < clock_timestamp() - make_interval(secs => %s)",
                [session["backend"], session["backend_started"], idle_seconds],
            )
        )

    def sqlstate(self, error: BaseException) -> str | None:
        cause = error.__cause__ if isinstance(error, DatabaseError | InterfaceError) else error
        return getattr(cause, "sqlstate", None)

    def is_passing(self, error: BaseException) -> bool:
        return self.sqlstate(error) in PASSING

    def is_lost_connection(self, error: BaseException) -> bool:
        if isinstance(error, InterfaceError):
            return True
        if not isinstance(error, OperationalError | InternalError | DatabaseError):
            return False
        state = self.sqlstate(error)
        broken = isinstance(error, OperationalError) and state is None
        return broken or state in LOST or str(state or "").startswith("08")

    def is_out_of_place(self, error: BaseException) -> str | None:
        return OUT_OF_PLACE.get(self.sqlstate(error) or "")

    def describe(self, error: BaseException) -> str:
        if not isinstance(error, DatabaseError):
            return super().describe(error)
        cause = error.__cause__
        kind = type(cause or error).__name__
        diagnosis = getattr(cause, "diag", None)
        name = getattr(diagnosis, "constraint_name", None) or getattr(diagnosis, "column_name", None)
        # Of these the server's first line names columns, tables and limits, never a value of a row.
        speaks = isinstance(error, OperationalError | ProgrammingError) and self.sqlstate(error) != "P0001"
        words = getattr(diagnosis, "message_primary", None) if speaks else None
        return f"{kind} ({name or words})" if name or words else kind

    # The batch

    def begin_batch(self, may_share_snapshot: bool) -> None:
        # Under REPEATABLE READ an UPDATE finds just the rows and images the snapshot has, and fails with
        # 40001 where another session changed one since. That spares the pass that locks the rows.
        self.locks = not may_share_snapshot
        # A commit that does not wait for the disk spares the application's commits, too. Nothing can be torn by it: the
        # log is written in order, so a crash that loses a batch loses rows, images and checkpoint together, and
        # nothing that was committed after having seen them. The end of a step waits for all of it.
        snapshot = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;" if may_share_snapshot else ""
        self.execute(f"{snapshot} SET LOCAL synchronous_commit TO OFF")

    def may_keep_first(self, target: str) -> bool:
        # Triggers may assign other values; rules, policies and children may choose other rows.
        if target not in self._is_plain:
            self._is_plain[target] = bool(
                self.value(
                    "SELECT relkind = 'r' AND NOT (relhasrules OR relhassubclass OR relrowsecurity) AND NOT EXISTS"
                    " (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal AND tgtype & 19 = 19)"
                    " FROM pg_class AS c WHERE oid = to_regclass(%s)",
                    [target],
                )
            )
        return self._is_plain[target] and not self.locks

    def change_rows(self, source: Sql, changes: Sequence[TableChange], batch: int) -> int:
        with_new = any(f"{BEFORE}.n" in a.sql for change in changes for a in change.assignments)
        held = "MATERIALIZED" if self.locks or len(changes) > 1 else "NOT MATERIALIZED"
        parts = [f"{BEFORE} ({self.source_columns(changes, with_new)}) AS {held} ({source[0]})"]
        params, place = list(source[1]), 0
        for t, change in enumerate(changes):
            parts.append(f"changed_{t} AS ({self._changed(place, change, params)})")
            place += len(change.assignments)
        kept = [
            f"INSERT INTO {change.journal} SELECT {int(batch)}, * FROM changed_{t}" for t, change in enumerate(changes)
        ]
        # The last INSERT is the statement itself, and its row count is the answer: one look less at the changed rows.
        parts += [f"kept_{t} AS ({insert})" for t, insert in enumerate(kept[:-1])]
        return self.execute(f"WITH {', '.join(parts)} {kept[-1]}", params)

    def _changed(self, place: int, change: TableChange, params: list[Any]) -> str:
        """Return the UPDATE of one table, giving keys, before- and after-images; add its parameters to ``params``."""
        assigned = ", ".join(f"{self.literal(self.quote(a.column))} = {a.sql}" for a in change.assignments)
        for assignment in change.assignments:
            params += assignment.params
        met = [f"{self.column(change.target, k)} = {BEFORE}.k{i}" for i, k in enumerate(change.keys)]
        if change.within[0]:
            met.append(change.within[0])
            params += change.within[1]
        returned = [f"{BEFORE}.k{i}" for i in range(len(change.keys))]
        returned += [f"{BEFORE}.b{place + i}" for i in range(len(change.assignments))]
        returned += [f"{self.column(change.target, a.column)} AS a{i}" for i, a in enumerate(change.assignments)]
        return (
            f"UPDATE {change.target} SET {assigned} FROM {BEFORE} WHERE {' AND '.join(met)}"
            f" RETURNING {', '.join(returned)}"
        )

    def new_values(self, keys: Sequence[Column], columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> Sql:
        typed = [*keys, *columns]
        if any(column.type.endswith("[]") for column in typed):  # unnest would flatten arrays
            one = "(" + ", ".join(f"%s::{self.literal(column.type)}" for column in typed) + ")"
            values = tuple(value for row in rows for value in row)
            return f"VALUES {', '.join([one] * len(rows))}", values
        arrays = [self._array(column, values) for column, values in zip(typed, zip(*rows, strict=True), strict=True)]
        return f"SELECT * FROM unnest({', '.join(sql for sql, _ in arrays)})", tuple(value for _, value in arrays)

    def _array(self, column: Column, values: Sequence[Any]) -> tuple[str, Any]:
        """Return SQL for an array of the column's type; integers and texts go as one text, which is quicker."""
        type_ = f"{self.literal(column.type)}[]"
        kinds = set(map(type, values))
        if kinds == {int}:
            return f"%s::{type_}", "{" + ",".join(map(str, values)) + "}"
        if kinds == {str}:
            joined = SEPARATOR.join(values)
            if joined and joined.count(SEPARATOR) == len(values) - 1:
                return f"string_to_array(%s, E'\\x1f')::{type_}", joined
        return f"%s::{type_}", list(values)
