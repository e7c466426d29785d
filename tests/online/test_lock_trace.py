"""No operation scans or rewrites a table while it shuts everybody else out: each statement's locks are looked at."""

import pytest
from django.db import connection, migrations

from reversible_migrations.databases import database
from reversible_migrations.phases.conditions import blocking_undos
from tests.online.changes import OPERATIONS
from tests.online.conftest import backwards, forwards, migration, state

pytestmark = [
    pytest.mark.usefixtures("things"),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite locks the whole database"),
]
RETIRED = {
    "a column goes": migrations.RemoveField("thing", "code"),
    "a column that is not null goes": migrations.RemoveField("thing", "name"),
    "a table goes": migrations.DeleteModel("Owner"),
}
if connection.vendor == "postgresql":
    from tests.online.elephants import NO_OVERLAP
TRACED = {**OPERATIONS, **RETIRED}
# PostgreSQL writes a table anew for a shorter type; safe_rollback says so beforehand of large tables.
SHORTENED_AGAIN = [OPERATIONS["a longer text"], OPERATIONS["a text without end"]]
TABLES = ("shop_thing", "shop_owner")

# Scans of a table count however they come about: a rewrite, a validation, the build of an index.
LOOK = """
    SELECT c.relname, pg_stat_get_xact_numscans(c.oid), pg_relation_filenode(c.oid)::bigint,
        EXISTS (SELECT 1 FROM pg_locks AS l WHERE l.pid = pg_backend_pid() AND l.relation = c.oid AND l.granted
            AND l.mode = 'AccessExclusiveLock')
    FROM pg_class AS c WHERE c.relname = ANY(%s) AND c.relnamespace = 'public'::regnamespace"""


class Trace:
    """An execute wrapper that notes each statement which scanned or rewrote a table that it shut others out of."""

    def __init__(self):
        self.blocking, self.locked, self.looking = [], 0, False
        self.scans, self.files = {}, {}

    def __call__(self, execute, sql, params, many, context):
        if self.looking:
            return execute(sql, params, many, context)
        before = self._look()
        result = execute(sql, params, many, context)
        if connection.in_atomic_block and not connection.needs_rollback:
            for table, (scans, file, is_locked) in self._look().items():
                self.locked += is_locked
                was = before.get(table, (scans, file, is_locked))
                if is_locked and (scans > was[0] or file != was[1]):
                    self.blocking.append((table, str(sql)))
        return result

    def _look(self):
        """Look in the same transaction; outside of one there is no lock that lasts, and nothing to compare with."""
        if not connection.in_atomic_block or connection.needs_rollback or connection.connection is None:
            return {}
        self.looking = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(LOOK, [list(TABLES)])
                return {table: facts for table, *facts in cursor.fetchall()}
        finally:
            self.looking = False


def traced(call, *arguments):
    trace = Trace()
    with connection.execute_wrapper(trace):
        call(*arguments)
    return trace


@pytest.mark.parametrize("operation", TRACED.values(), ids=TRACED)
def test_none_scans_under_an_exclusive_lock(operation):
    changed = migration(operation)

    there = traced(forwards, changed)
    back = traced(backwards, changed)

    assert there.blocking == []
    if operation not in SHORTENED_AGAIN:
        assert back.blocking == []


@pytest.mark.parametrize("name", ["a check", "not null", "a foreign key", "a unique constraint"])
def test_the_trace_sees_what_django_does(name):
    operation = OPERATIONS[name]

    def by_django():
        with connection.schema_editor() as editor:
            after = state()
            operation.state_forwards("shop", after)
            operation.database_forwards("shop", editor, state(), after)

    trace = traced(by_django)

    assert trace.locked
    assert trace.blocking, "this should have been noticed"
    with connection.schema_editor() as editor:
        after = state()
        operation.state_forwards("shop", after)
        operation.database_backwards("shop", editor, after, state())


def test_the_trace_sees_a_rewrite():
    def rewrite():
        with connection.schema_editor() as editor:
            editor.execute("ALTER TABLE shop_thing ALTER COLUMN count TYPE bigint")

    assert [table for table, _ in traced(rewrite).blocking] == ["shop_thing"]


def test_an_undo_that_would_build_an_exclusion_is_told_beforehand():
    add = migrations.AddConstraint("thing", NO_OVERLAP)
    there = state()
    add.state_forwards("shop", there)
    gone = migration(migrations.RemoveConstraint("thing", "thing_no_overlap"))
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO shop_thing (name, count) SELECT n, n FROM generate_series(1, 11000) AS n")

    (reason,) = blocking_undos([(gone, there)], database("default"))

    assert "builds thing_no_overlap under an ACCESS EXCLUSIVE lock" in str(reason)


@pytest.mark.parametrize("operation", SHORTENED_AGAIN, ids=["text", "varchar"])
def test_an_undo_that_would_block_a_large_table_is_told_beforehand(operation):
    changed = migration(operation)
    forwards(changed)

    assert blocking_undos([(changed, state())], database("default")) == []
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO shop_thing (name, count) SELECT n, n FROM generate_series(1, 11000) AS n")

    (reason,) = blocking_undos([(changed, state())], database("default"))

    assert 'undoing "Alter field name on thing" rewrites "shop_thing" under an ACCESS EXCLUSIVE lock' in str(reason)
    assert "--emergency" in str(reason)
    assert blocking_undos([(migration(operation, blocking="on purpose"), state())], database("default")) == []
