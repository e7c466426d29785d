"""The gauges of PostgreSQL, in states made by other sessions; and the set that settings ask for."""

import pytest
from django.db import connection, connections, transaction

from reversible_migrations.databases import database
from reversible_migrations.load import gauges
from reversible_migrations.load.gauges import CannotRead, Gauge, Look, build_gauges
from tests.crash.processes import wait_until

only_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="a matter of other sessions")


class QueueLength(Gauge):
    """A gauge of a project."""

    name, unit, limit = "queue", "jobs", 1_000

    def read(self, look):
        return 700


class Nameless(Gauge):
    limit = 5


def look(tables=(), own=(), before=None):
    return Look(database("default"), tables, own, before)


def own():
    return {database("default").own_session()}


def read(kind, **given):
    return kind().read(look(**given))


@only_postgresql
class TestSessions:
    def test_others_at_work_are_counted(self, other):
        before = read(gauges.ActiveSessions)

        for _ in range(3):
            other().begin("SELECT pg_sleep(60)")

        assert wait_until(lambda: read(gauges.ActiveSessions) >= before + 3)

    def test_sessions_of_the_run_are_not_others(self, other):
        mine = [other(), other()]
        for session in mine:
            session.begin("SELECT pg_sleep(60)")
        pids = [session.pid for session in mine]
        wait_until(lambda: look().figures["others_at_work"] == 2)

        figures = look(own=pids).figures

        assert figures["others_at_work"] == 0

    def test_a_session_in_another_database_is_no_other_at_work_on_this_one(self, other):
        session = other(NAME="postgres")

        session.begin("SELECT pg_sleep(60)")

        assert look().figures["others_at_work"] == 0

    def test_others_are_at_work_for_two_seconds_after_their_last_statement(self, other):
        session = other()
        session.execute("SELECT 1")

        during = look().figures["others_at_work"]

        assert during == 1
        assert wait_until(lambda: look().figures["others_at_work"] == 0)

    def test_who_waits_for_a_lock_is_counted(self, other):
        table = '"shop_product"'
        holder, waiter = other(), other()
        holder.execute(f"BEGIN; LOCK TABLE {table}")
        free = read(gauges.LockWaiters)

        waiter.begin(f"SELECT count(*) FROM {table}")

        assert free == 0
        assert wait_until(lambda: read(gauges.LockWaiters) == 1)
        assert look(own=[waiter.pid]).figures["lock_waiters"] == 0

    def test_the_oldest_transaction_grows_until_it_ends(self, other):
        session = other()
        session.execute("BEGIN")
        first = read(gauges.OldestTransaction)

        later = wait_until(lambda: [age for age in [read(gauges.OldestTransaction)] if age >= first + 0.5])
        ignored = read(gauges.OldestTransaction, own=[session.pid])
        session.execute("COMMIT")

        assert later
        assert ignored == 0
        assert read(gauges.OldestTransaction) == 0


@only_postgresql
class TestTables:
    def test_dead_rows_are_a_share_of_the_live_ones_of_the_named_tables(self, other):
        table = """"Odd % one"."it's ""odd"" %s\""""
        session = other()
        session.execute('CREATE SCHEMA "Odd % one"')
        try:
            session.execute(f"CREATE TABLE {table} (id int) WITH (autovacuum_enabled = off)")
            session.execute(f"INSERT INTO {table} SELECT generate_series(1, 100)")
            session.execute(f"DELETE FROM {table} WHERE id <= 20")

            session.end()  # at the latest now the server knows of them

            assert wait_until(lambda: share_of([table]) == 25.0)
        finally:
            database("default").execute('DROP SCHEMA "Odd %% one" CASCADE')
        assert share_of([table]) is None
        assert share_of([]) is None

    def test_a_vacuum_of_them_is_told(self, other):
        session, table = other(), "vacuumed"
        session.execute(f"CREATE TABLE {table} (id int) WITH (autovacuum_enabled = off)")
        try:
            session.execute(f"INSERT INTO {table} SELECT generate_series(1, 50000)")
            session.execute(f"DELETE FROM {table} WHERE id % 2 = 0")
            # So that it naps after each page.
            session.execute("SET vacuum_cost_delay = 50; SET vacuum_cost_limit = 1")

            session.begin(f"VACUUM {table}")

            assert wait_until(lambda: read(gauges.DeadTuples, tables=['"vacuumed"']).detail == "being vacuumed")
        finally:
            session.end()
            database("default").execute(f"DROP TABLE {table}")


def share_of(tables):
    found = read(gauges.DeadTuples, tables=tables)
    return found if found is None else found.value


@only_postgresql
class TestWal:
    def test_what_was_written_between_two_looks_is_a_share_of_what_checkpoints_allow(self, other):
        first = look()
        known = first.figures
        other().execute("SELECT pg_logical_emit_message(false, 'test', repeat('x', 5000000))")

        found = read(gauges.WalRate, before=first)

        seconds_to_write_it_all = known["max_wal_bytes"] / known["checkpoint_seconds"]
        assert known["max_wal_bytes"] > 1e6
        assert known["checkpoint_seconds"] >= 30
        assert found > 0
        assert found * seconds_to_write_it_all / 100 > 5e6 / 60  # bytes a second; the two looks were within a minute

    def test_the_first_look_has_nothing_to_compare_with(self, shop):
        assert read(gauges.WalRate) is None


@only_postgresql
class TestRights:
    """A role sees little of the sessions of others; it is told so, and takes nothing for zero."""

    def test_sessions_that_are_hidden_count_as_at_work_and_blind_what_needs_them(self, other, role):
        other()
        database("default").execute(f"SET ROLE {role}")

        assert look().figures["others_at_work"] >= 1
        for kind in (gauges.ActiveSessions, gauges.LockWaiters, gauges.OldestTransaction):
            with pytest.raises(CannotRead, match="grant it pg_monitor"):
                read(kind)

    def test_hidden_sessions_that_are_the_runs_own_do_not_matter(self, other, role):
        session = other()
        database("default").execute(f"SET ROLE {role}")

        assert read(gauges.LockWaiters, own=[session.pid]) == 0

    def test_everything_else_can_be_read(self, other, role):
        database("default").execute(f"SET ROLE {role}")
        first = look(own=own())

        figures = first.figures

        assert figures["wal_bytes"] > 0
        assert figures["vacuums"] == 0
        assert first.lags == []
        assert database("default").data_directory() is None


@only_postgresql
class TestTimeouts:
    @pytest.mark.parametrize("pooled", [False, True])
    def test_the_timeout_of_a_reading_does_not_stay_in_the_session(self, alias, pooled):
        db = database(alias("reader", DISABLE_SERVER_SIDE_CURSORS=pooled))
        db.execute("SET statement_timeout = '7s'")

        with db.brief():
            inside = db.value("SHOW statement_timeout")
        one = Look(db)
        read_figures, read_lags = one.figures, one.lags

        assert inside == "2s"
        assert read_figures["at"] > 0
        assert read_lags == []
        assert db.value("SHOW statement_timeout") == "7s"

    def test_behind_a_pooling_proxy_no_session_is_taken_for_the_runs_own(self, alias):
        db = database(alias("reader", DISABLE_SERVER_SIDE_CURSORS=True))
        db.execute("SELECT 1")

        assert db.own_session() is None

    def test_one_answer_that_fails_leaves_the_other(self, alias):
        db = database(alias("reader"))
        one = Look(db, tables=["a.b.c.d"])  # no name of a table: an error of the server

        with pytest.raises(Exception, match="improper"):
            _ = one.figures

        assert one.lags == []

    def test_a_server_that_is_gone_is_asked_once_in_a_round(self, alias):
        db = database(alias("nowhere", HOST="127.0.0.1", PORT="1"))
        one = Look(db)
        with pytest.raises(Exception, match="connection") as first:
            _ = one.figures

        with pytest.raises(Exception, match="connection") as second:
            _ = one.lags

        assert second.value is first.value


@only_postgresql
def test_reading_inside_a_transaction_leaves_it_open(shop):
    with transaction.atomic():
        assert look().figures["at"] > 0
        assert connection.in_atomic_block


@only_postgresql
def test_where_the_server_is_comes_from_the_open_connection(alias, monkeypatch):
    given = connection.settings_dict
    monkeypatch.setenv("PGHOST", given["HOST"] or "/var/run/postgresql")
    db = database(alias("reader", HOST=""))
    connections["reader"].ensure_connection()

    assert db.is_local


class TestSet:
    def test_each_database_has_those_that_make_sense_there(self, transactional_db):
        names = [gauge.name for gauge in build_gauges(database("default"), {}, [])]

        of_host = [name for name in names if name in ("cpu", "memory", "disk")]
        of_database = {"sqlite": ["busy"], "postgresql": [kind.name for kind in gauges.DATABASE_GAUGES]}
        assert names == of_host + of_database[connection.vendor]

    def test_limits_override_and_none_switches_off(self, transactional_db):
        found = {gauge.name: gauge for gauge in build_gauges(database("default"), {"cpu": None, "memory": 80}, [])}

        assert "cpu" not in found
        assert found["memory"].limit == 80.0

    @only_postgresql
    def test_what_is_only_shown_counts_once_it_has_a_limit(self, transactional_db):
        without = {gauge.name: gauge.weight for gauge in build_gauges(database("default"), {}, [])}
        found = {gauge.name: gauge.weight for gauge in build_gauges(database("default"), {"wal_rate": 300}, [])}

        assert (without["wal_rate"], without["dead_tuples"], without["oldest_transaction"]) == (0, 0, 0)
        assert (found["wal_rate"], found["dead_tuples"]) == (1, 0)

    def test_the_same_limits_do_for_every_database(self, transactional_db):
        limits = {"busy": 30, "replica_lag": 5, "disk": 80, "wal_rate": None}

        assert build_gauges(database("default"), limits, [])

    def test_a_class_of_the_project_is_named_by_its_path(self, transactional_db):
        found = build_gauges(database("default"), {"queue": 500}, [f"{__name__}.QueueLength"])[-1]

        assert (found.name, found.limit, found.read(None)) == ("queue", 500.0, 700)
        assert found.is_remote  # nobody knows how long it takes

    @pytest.mark.parametrize(
        ("limits", "extra", "words"),
        [
            ({"replica_lags": 5}, [], "there is no gauge 'replica_lags'; known are replica_lag"),
            ({"qqq": 5}, [], "there is no gauge 'qqq'; known are active_sessions, busy, cpu"),
            ({"cpu": "high"}, [], "the limit of the gauge 'cpu' must be a number or None, not 'high'"),
            ({}, ["shop.gauges.Nothing"], "'shop.gauges.Nothing' cannot be imported"),
            ({}, ["Nothing"], "'Nothing' cannot be imported"),
            ({}, [{"name": "queue"}], "'' cannot be imported"),
            ({}, ["decimal.Decimal"], "'decimal.Decimal' is no Gauge"),
            ({}, [f"{__name__}.look"], "is no Gauge"),
            ({}, ["SqlProbe"], "'SqlProbe' does not take these arguments: .*missing 3 required"),
            ({}, [{"gauge": "SqlProbe", "name": "q", "sql": "", "limit": 5, "every": 3}], "unexpected .* 'every'"),
            ({}, [{"gauge": "SqlProbe", "name": "q", "sql": "", "limit": "5"}], "limit of the gauge 'q' must be a num"),
            ({}, [f"{__name__}.Nameless"], "Nameless' has no name"),
            ({}, [f"{__name__}.QueueLength"] * 2, "there are two gauges 'queue'"),
            ({}, [{"gauge": "SqlProbe", "name": "cpu", "sql": "", "limit": 5}], "there are two gauges 'cpu'"),
        ],
    )
    def test_a_bad_entry_is_told_in_clear_words(self, transactional_db, limits, extra, words):
        with pytest.raises(ValueError, match=words):
            build_gauges(database("default"), limits, extra)
