"""Online changes beside others who hold locks, over rows that do not suit, and what is refused."""

import threading
import time

import psycopg
import pytest
from django.db import connection, migrations, models

from reversible_migrations import ReversibleMigration, SchemaMigration
from reversible_migrations.exceptions import CannotBeOnline, LockNotHad, RowsDoNotSuit
from reversible_migrations.models import Event, Run, Step
from tests.load.conftest import Session
from tests.online.conftest import backwards, forwards, migration, shape, state

pytestmark = [
    pytest.mark.usefixtures("things"),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite changes schemas in its own way"),
]

ADD = migrations.AddField("thing", "x", models.IntegerField(null=True))
NOT_NULL = migrations.AlterField("thing", "code", models.CharField(max_length=20))
UNIQUE = migrations.AlterField("thing", "code", models.CharField(max_length=20, null=True, unique=True))
INDEX = migrations.AddIndex("thing", models.Index(fields=["name"], name="thing_name"))


def run_sql(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.fixture
def holding():
    """A session that has read the table in a transaction it keeps open."""
    session = Session()
    session.begin("BEGIN; SELECT * FROM shop_thing LIMIT 1")
    time.sleep(0.2)
    yield session
    session.end()


class TestLocks:
    def test_one_that_is_not_had_names_who_holds_it_and_leaves_everything(self, holding):
        start = shape()

        with pytest.raises(LockNotHad) as error:
            forwards(migration(ADD, lock_tries=2))

        assert f"session {holding.pid} (idle in transaction" in str(error.value)
        assert shape() == start
        assert Run.objects.get().status == "failed"

    def test_the_wait_is_told_and_the_change_goes_through_when_the_other_ends(self, holding):
        ending = threading.Timer(1.0, lambda: [holding.end(), connection.close()])
        ending.start()

        forwards(migration(ADD))
        ending.join()

        waits = [event.text for event in Event.objects.filter(kind="wait")]
        assert f'waiting for a lock on "shop_thing", held by session {holding.pid}' in waits[0]
        assert (Run.objects.get().status, Run.objects.get().waiting) == ("done", "")

    def test_nobody_waits_behind_it_for_longer_than_its_timeout(self, holding):
        changing = threading.Thread(target=change_and_close, args=(migration(ADD, lock_tries=3),))
        slowest = 0.0
        changing.start()
        with psycopg.connect(**connection.get_connection_params(), autocommit=True) as reader:
            while changing.is_alive():
                began = time.monotonic()
                reader.execute("SELECT count(*) FROM shop_thing")
                slowest = max(slowest, time.monotonic() - began)
                time.sleep(0.01)
        changing.join()

        assert slowest < 1.5  # the timeout of a third try is 0.3 s; a busy machine is slow by itself

    def test_an_index_is_built_whatever_timeouts_the_role_has(self):
        run_sql("SET lock_timeout = '1ms'")
        run_sql("SET statement_timeout = '20s'")

        forwards(migration(INDEX))

        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            kept = cursor.fetchone()
            cursor.execute("SHOW statement_timeout")
            assert (kept, cursor.fetchone()) == (("1ms",), ("20s",))


def change_and_close(changed):
    try:
        forwards(changed)
    except LockNotHad:
        pass
    finally:
        connection.close()


class TestRows:
    def test_with_null_are_told_of_and_nothing_is_left_behind(self):
        run_sql("UPDATE shop_thing SET code = NULL WHERE count = 3")
        start = shape()

        with pytest.raises(RowsDoNotSuit, match="shop_thing"):
            forwards(migration(NOT_NULL))
        left = shape()
        run_sql("UPDATE shop_thing SET code = 'c3' WHERE count = 3")
        forwards(migration(NOT_NULL))

        assert left == start
        assert [step.status for step in Step.objects.all()] == ["done"]

    def test_twice_the_same_are_told_of_and_no_half_index_is_left(self):
        run_sql("UPDATE shop_thing SET code = 'c1' WHERE count = 3")
        start = shape()

        with pytest.raises(RowsDoNotSuit):
            forwards(migration(UNIQUE))

        assert shape() == start

    def test_that_point_nowhere_are_told_of(self):
        run_sql("ALTER TABLE shop_thing ADD COLUMN y_id bigint DEFAULT 99")
        start = shape()
        column = migrations.AddField("thing", "y", models.BigIntegerField(null=True, db_column="y_id"))
        key = models.ForeignKey("shop.Owner", models.CASCADE, null=True)
        state_only = migrations.SeparateDatabaseAndState(state_operations=[column])

        changed = migration(state_only, migrations.AlterField("thing", "y", key))

        with pytest.raises(RowsDoNotSuit, match="fk_shop_owner"):
            forwards(changed)
        left = [fact[0] for fact in shape()[0]["shop_thing"][1]]
        backwards(changed)

        assert not any("fk_shop_owner" in name for name in left)
        assert shape() == start

    def test_that_a_check_has_not_been_proved_of_are_told_of_and_it_goes_on_for_new_ones(self):
        run_sql("UPDATE shop_thing SET count = -1 WHERE count = 3")
        changed = migration(UNPROVED, PROVED)

        with pytest.raises(RowsDoNotSuit, match=r"do not suit \"thing_unproved\" .* holds for new rows only"):
            forwards(changed)
        left = shape()[0]["shop_thing"][1]
        run_sql("UPDATE shop_thing SET count = 3 WHERE count = -1")
        forwards(changed)
        done = shape()[0]["shop_thing"][1]

        assert [fact[2] for fact in left if fact[0] == "thing_unproved" and len(fact) == 3] == [False]
        assert [fact[2] for fact in done if fact[0] == "thing_unproved" and len(fact) == 3] == [True]


class TestInvalidIndex:
    @pytest.mark.parametrize("base", [SchemaMigration, ReversibleMigration])
    def test_one_that_is_stated_to_be_concurrent_is_built_again(self, base):
        start = shape()
        run_sql("CREATE INDEX thing_name ON shop_thing (name)")
        run_sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'thing_name'::regclass")
        changed = migration(CONCURRENT, base=base)

        forwards(changed)
        made = [fact[2] for fact in shape()[0]["shop_thing"][1] if fact[0] == "thing_name" and len(fact) == 3]
        backwards(changed)

        assert made == [True]
        assert shape() == start

    def test_one_that_a_kill_has_left_is_built_again(self):
        run_sql("CREATE INDEX thing_name ON shop_thing (name)")
        run_sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'thing_name'::regclass")

        forwards(migration(INDEX))

        with connection.cursor() as cursor:
            cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'thing_name'::regclass")
            assert cursor.fetchone() == (True,)


REFUSED = {
    "another type": (migrations.AlterField("thing", "count", models.BigIntegerField()), "rewrites"),
    "a name in the database": (migrations.RenameField("thing", "name", "title"), "renames the column name"),
    "a table's name": (migrations.AlterModelTable("thing", "shop_new"), "renames the table shop_thing"),
    "a generated column": (
        migrations.AddField(
            "thing",
            "x",
            models.GeneratedField(
                expression=models.F("count") * 2, output_field=models.IntegerField(), db_persist=True
            ),
        ),
        "stores values of x",
    ),
    "a default that differs by row": (
        migrations.AddField("thing", "x", models.FloatField(db_default=models.functions.Random())),
        "gives each row of",
    ),
    "a model's name": (migrations.RenameModel("Thing", "Item"), "renames the table shop_thing"),
    "another collation of what is indexed": (
        migrations.AlterField("thing", "name", models.CharField(max_length=50, db_collation="C")),
        "rewrites",
    ),
}
if connection.vendor == "postgresql":
    from tests.online.elephants import NO_OVERLAP, NOT_NEGATIVE, operations

    REFUSED["what excludes rows"] = (
        migrations.AddConstraint("thing", NO_OVERLAP),
        "builds thing_no_overlap under an ACCESS EXCLUSIVE lock",
    )
    CONCURRENT = operations.AddIndexConcurrently("thing", INDEX.index)
    UNPROVED = operations.AddConstraintNotValid("thing", NOT_NEGATIVE)
    PROVED = operations.ValidateConstraint("thing", NOT_NEGATIVE.name)

NO_VALUE = migrations.AddField("thing", "x", models.IntegerField())
every_refused = pytest.mark.parametrize(("operation", "why"), REFUSED.values(), ids=REFUSED.keys())


class TestRefused:
    @every_refused
    def test_before_anything_runs_with_what_to_write_instead(self, operation, why):
        start = shape()

        with pytest.raises(CannotBeOnline) as error:
            forwards(migration(INDEX, operation))

        assert "operation 2" in str(error.value)
        assert why in str(error.value)
        assert "blocking = " in str(error.value)
        assert (shape(), Run.objects.count()) == (start, 0)

    @every_refused
    def test_with_a_reason_it_is_done_and_undone(self, operation, why):
        start = shape()
        changed = migration(operation, blocking="the site is down")

        forwards(changed)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_class WHERE relname IN ('shop_thing', 'shop_new')")
        backwards(changed)

        assert shape() == start

    @every_refused
    def test_on_an_empty_table_it_is_not_refused(self, operation, why):
        run_sql("DELETE FROM shop_thing")

        forwards(migration(operation))

        assert Run.objects.get().status == "done"

    def test_a_column_without_a_value_for_the_rows_that_are_there(self):
        with pytest.raises(CannotBeOnline, match=r"has no value of x .* Give the field a default"):
            forwards(migration(NO_VALUE))

    def test_changes_of_tables_together_with_sql_in_one_operation(self):
        sql = migrations.RunSQL("SELECT 1", migrations.RunSQL.noop)
        inner = migrations.SeparateDatabaseAndState(database_operations=[INDEX, sql])
        start = shape()

        with pytest.raises(CannotBeOnline, match=r"operation 1 .* Put each of them into a SeparateDatabaseAndState"):
            forwards(migration(migrations.SeparateDatabaseAndState(database_operations=[inner])))
        assert (shape(), Run.objects.count()) == (start, 0)

        forwards(migration(*(migrations.SeparateDatabaseAndState(database_operations=[part]) for part in (INDEX, sql))))
        assert Run.objects.get().status == "done"

    def test_not_a_name_that_the_database_keeps(self):
        start = shape()
        changed = migration(
            migrations.AlterModelTable("thing", "shop_thing"),
            migrations.RenameModel("Thing", "Item"),
            migrations.AlterField("item", "name", models.CharField(max_length=50, db_column="name")),
            migrations.RenameField("item", "name", "title"),
        )

        forwards(changed)
        named = shape()
        backwards(changed)

        assert named == start
        assert shape() == start

    def test_not_a_comment_on_a_column_with_a_check(self):
        run_sql("ALTER TABLE shop_thing ADD CONSTRAINT positive CHECK (count >= 0)")

        forwards(
            migration(migrations.AlterField("thing", "count", models.IntegerField(default=0, db_comment="pieces")))
        )

        assert Run.objects.get().status == "done"

    def test_what_rewrites_is_asked_of_the_database(self):
        wider = migrations.AlterField("thing", "name", models.CharField(max_length=500))

        forwards(migration(wider))

        assert Run.objects.get().status == "done"
        assert state().models["shop", "thing"].fields["name"].max_length == 50
