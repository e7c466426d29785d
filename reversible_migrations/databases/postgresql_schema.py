"""
Schema changes of a PostgreSQL that is in use.

Whether a statement rewrites a table is asked of the database: it is tried on an empty copy.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from django.contrib.postgres.operations import ValidateConstraint
from django.db import DatabaseError, transaction
from django.db.migrations.operations.base import Operation

from .base import Database
from .postgresql_planner import OnlinePlanner, for_planner
from .schema_change import DROP, SCAN, SchemaPlan, SchemaStatement

LOCK_STATES = ("55P03", "40P01")  # lock_not_available, deadlock_detected
TRIAL_LOCK_TIMEOUT = "1s"  # to read the shape of a table


class PostgreSQLSchema(Database):
    """The part of ``PostgreSQL`` that changes schemas online."""

    def can_plan(self, operation: Operation) -> bool:
        return isinstance(operation, ValidateConstraint)

    def plan_schema_change(
        self, operation: Operation, app_label: str, before: Any, after: Any, is_undo: bool
    ) -> SchemaPlan | None:
        planner, operation = OnlinePlanner(self, is_undo), for_planner(operation)
        change = operation.database_backwards if is_undo else operation.database_forwards
        change(app_label, planner, before, after)
        plan = planner.plan()
        tables = {s.table for s in plan.statements if s.table and s.table not in planner.created}
        rewritten = [table for table in tables if self._rewrites(table, plan) and self.may_have_rows(table)]
        faults = [
            f"gives each row of {table} a value of its own: it is written anew, with everybody shut out"
            if table in planner.filled
            else f"rewrites {table} under an ACCESS EXCLUSIVE lock"
            for table in sorted(rewritten)
        ]
        return SchemaPlan(plan.statements, (*plan.faults, *faults))

    def may_have_rows(self, table: str) -> bool:
        return bool(self.has_table(table) and self.has_rows(table))

    def has_checks(self, table: str, column: str) -> bool:
        """Return whether a check constraint of the quoted ``table`` is about ``column``."""
        return bool(
            self.value(
                "SELECT count(*) FROM pg_constraint AS c JOIN pg_attribute AS a"
                " ON a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)"
                " WHERE c.conrelid = to_regclass(%s) AND c.contype = 'c' AND a.attname = %s",
                [table, column],
            )
        )

    def _rewrites(self, table: str, plan: SchemaPlan) -> bool:
        """Try the short statements about ``table`` on an empty copy that hides it, and roll all of it back."""
        tried = [s.sql for s in plan.statements if s.kind == "short" and s.table == table and "." not in table]
        if not any(" ALTER COLUMN " in sql or " ADD COLUMN " in sql for sql in tried) or not self.has_table(table):
            return False
        try:
            with transaction.atomic(using=self.alias):
                self.execute(f"SET LOCAL lock_timeout = '{TRIAL_LOCK_TIMEOUT}'")
                self.execute(f"CREATE TEMPORARY TABLE {table} (LIKE {table} INCLUDING ALL)")
                files = self._files(table)
                for sql in tried:
                    if " ALTER COLUMN " in sql or " ADD COLUMN " in sql:
                        self.execute(sql.split("; ALTER")[0])
                rewritten = not files <= self._files(table)
                transaction.set_rollback(True, using=self.alias)
        except DatabaseError:  # a column that an operation before this one is still to add
            return False
        finally:
            self.forget_columns()
        return rewritten

    def _files(self, table: str) -> set[int]:
        """
        Return the files of a table and its indexes: another one means that it was written anew.

        An index that is made anew over the same file, as for a longer varchar, has another number and the same file.
        """
        found = self.rows(
            "SELECT pg_relation_filenode(oid)::bigint FROM pg_class WHERE oid = to_regclass(%s)"
            " OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = to_regclass(%s))",
            [table, table],
        )
        return {int(file) for (file,) in found}

    def index_state(self, table: str, name: str) -> bool | None:
        """Return whether the quoted index ``name`` of ``table`` is valid; None if there is none."""
        found = self.row(
            "SELECT i.indisvalid FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid"
            " WHERE i.indrelid = to_regclass(%s) AND quote_ident(c.relname) = quote_ident(%s)",
            [table, name.strip('"').replace('""', '"')],
        )
        return None if found is None else bool(found[0])

    # Doing it

    def change_schema(self, statement: SchemaStatement, timeout_seconds: float) -> None:
        self.execute(f"SET LOCAL lock_timeout = '{round(timeout_seconds * 1000)}ms'")
        if statement.kind == SCAN:
            self.execute("SET LOCAL statement_timeout = 0")
        self._run(statement.sql)

    def build_or_drop_index(self, statement: SchemaStatement) -> None:
        is_valid = self.index_state(statement.table, statement.name)
        if statement.kind == DROP:
            self._run(statement.sql)
        elif is_valid is not True:
            if is_valid is False:
                self.drop_invalid_index(statement)
            self._run(statement.sql)

    def drop_invalid_index(self, statement: SchemaStatement) -> None:
        if self.index_state(statement.table, statement.name) is False:
            self._run(f"DROP INDEX CONCURRENTLY IF EXISTS {self._in_schema_of(statement)}")

    def _in_schema_of(self, statement: SchemaStatement) -> str:
        schema = self.value(
            "SELECT quote_ident(n.nspname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            " WHERE c.oid = to_regclass(%s)",
            [statement.table],
        )
        return f"{schema}.{statement.name}"

    def _run(self, sql: str) -> None:
        """Run a statement that is complete: its percent signs are its own."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql)

    has_lock_timeouts = True

    @contextmanager
    def hurried(self, seconds: float | None) -> Iterator[None]:
        with nullcontext() if seconds is None else self._set(lock_timeout=f"{round(seconds * 1000)}ms"):
            yield

    @contextmanager
    def unhurried(self) -> Iterator[None]:
        with self._set(lock_timeout="0", statement_timeout="0"):
            yield

    @contextmanager
    def _set(self, **values: str) -> Iterator[None]:
        """Give the session other settings inside; it must not be in a transaction at either end."""
        before = {name: self.value(f"SHOW {name}") for name in values}
        try:
            for name, value in values.items():
                self.value("SELECT set_config(%s, %s, false)", [name, value])
            yield
        finally:
            if self.connection.connection is not None and not self.connection.connection.closed:
                for name, value in before.items():
                    self.value("SELECT set_config(%s, %s, false)", [name, value])

    def is_lock_timeout(self, error: BaseException) -> bool:
        return getattr(error.__cause__, "sqlstate", None) in LOCK_STATES
