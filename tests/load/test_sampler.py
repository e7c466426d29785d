"""The sampler's threads and connections: what hangs, fails, is cut off, comes back, ends."""

import socket
import threading
import time
from decimal import Decimal

import pytest
from django.db import connection

from reversible_migrations.databases import database
from reversible_migrations.load.gauges import Busy, CannotRead, Figure, Gauge, build_gauges
from reversible_migrations.load.probes import HttpProbe, SqlProbe
from reversible_migrations.load.sampler import Sampler
from tests.crash.processes import wait_until

only_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="a matter of other sessions")


class Scripted(Gauge):
    """Says one thing after the other, the last for ever; exceptions are raised."""

    unit = "jobs"

    def __init__(self, *script, name="scripted", **attributes):
        self.name, self.script = name, list(script)
        self.reads = 0
        vars(self).update(attributes)

    def read(self, look):
        self.reads += 1
        said = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(said, Exception):
            raise said
        return said


class Stuck(Gauge):
    """Hangs until it is let go."""

    name = "stuck"

    def __init__(self):
        self.let_go = threading.Event()

    def read(self, look):
        self.let_go.wait()


class Clock:
    """The real time, which can be put forward."""

    def __init__(self):
        self.ahead = 0.0

    def __call__(self):
        return time.monotonic() + self.ahead


@pytest.fixture
def sampling(alias):
    """A function that starts a sampler; all are stopped after the test, before its aliases are gone."""
    started = []

    def start(*gauges, alias="default", **given):
        db = database(alias)
        sampler = Sampler(alias, gauges, db.has_sessions, **given)
        sampler.note_batch(db, 0.1, 0.0)
        sampler.start()
        started.append(sampler)
        return sampler

    yield start
    for sampler in started:
        sampler.stop()


@pytest.fixture
def silent_server():
    """The URL of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"


def reading(sampler, name="scripted"):
    return next((found for found in sampler.readings() if found.gauge == name), None)


def values(sampler, name="scripted"):
    found = reading(sampler, name)
    return [found.value] if found is not None else []


class TestReadings:
    def test_they_are_there_when_start_returns(self, sampling):
        sampler = sampling(Scripted(3, limit=10))

        assert values(sampler) == [3.0]

    def test_a_gauge_with_nothing_to_read_is_left_out_until_it_has(self, sampling):
        sampler = sampling(Scripted(None, 5, None))

        left_out = reading(sampler)
        found = wait_until(lambda: values(sampler))
        gone = wait_until(lambda: reading(sampler) is None)

        assert left_out is None
        assert found == [5.0]
        assert gone

    def test_any_kind_of_number_will_do(self, sampling):
        sampler = sampling(Scripted(Decimal("2.5"), limit=5), Scripted(Figure(True, "on"), name="switch"))

        assert reading(sampler).pressure == 0.5
        assert (reading(sampler, "switch").value, reading(sampler, "switch").detail) == (1.0, "on")

    @pytest.mark.parametrize(
        ("error", "words"),
        [
            (ValueError("alice@example.com"), "ValueError"),
            (KeyError("alice@example.com"), "KeyError"),
            (ConnectionError("alice@example.com"), "ConnectionError"),
            (CannotRead("HTTP status 500"), "HTTP status 500"),
            ("many", "ValueError"),
            (float("inf"), "the value is not finite"),
        ],
    )
    def test_a_gauge_that_fails_is_blind_and_says_why_without_values(self, sampling, error, words):
        clock = Clock()
        sampler = sampling(Scripted(error), Scripted(1, name="sound"), clock=clock)
        clock.ahead = 20.0

        found = reading(sampler)

        assert found.is_blind
        assert (found.value, found.detail) == (None, words)
        assert wait_until(lambda: not reading(sampler, "sound").is_blind)

    def test_one_failed_read_hides_nothing_of_the_last_one(self, sampling):
        gauge = Scripted(Figure(3, "standby s1"), ValueError(), is_lag=True)
        sampler = sampling(gauge)

        wait_until(lambda: gauge.reads >= 2)

        found = reading(sampler)
        assert (found.value, found.detail, found.is_blind) == (3.0, "standby s1", False)


class TestHanging:
    def test_a_server_that_says_nothing_ages_while_the_others_go_on(self, sampling, silent_server):
        steady = Scripted(1)
        probe = HttpProbe("p95", silent_server, 200, json_path="p95", timeout_seconds=60)
        sampler = sampling(steady, probe)
        wait_until(lambda: reading(sampler, "p95"))
        first = reading(sampler, "p95")

        reads = steady.reads
        wait_until(lambda: steady.reads >= reads + 2)

        later = reading(sampler, "p95")
        assert (first.value, later.value) == (None, None)
        assert later.age_seconds > first.age_seconds + 1.0
        assert reading(sampler).age_seconds < later.age_seconds

    def test_a_gauge_of_the_project_that_hangs_holds_nothing_up(self, sampling):
        stuck = next(g for g in build_gauges(database("default"), {}, [f"{__name__}.Stuck"]) if g.name == "stuck")
        steady = Scripted(1)
        sampler = sampling(stuck, steady)

        went_on = wait_until(lambda: steady.reads >= 2)
        stuck.let_go.set()

        assert went_on
        assert values(sampler) == [1.0]

    def test_stop_leaves_behind_what_hangs(self, sampling):
        stuck = Stuck()
        stuck.is_remote = True
        sampler = sampling(Scripted(1), stuck)
        threads = list(sampler.threads)

        sampler.stop()
        left = [thread for thread in threads if thread.is_alive()]
        stuck.let_go.set()

        assert len(left) == 1
        assert wait_until(lambda: not left[0].is_alive())


class TestEnds:
    def test_start_and_stop_may_be_repeated(self, sampling):
        sampler = sampling(Scripted(1))
        threads = list(sampler.threads)

        sampler.start()
        same = sampler.threads == threads
        sampler.stop()
        sampler.stop()
        sampler.start()

        assert same
        assert sampler.threads == []
        assert not any(thread.is_alive() for thread in threads)

    @only_postgresql
    def test_no_connection_is_left(self, sampling, alias):
        other_alias = alias("elsewhere")
        probes = [SqlProbe("here", "SELECT 1", 5), SqlProbe("there", "SELECT 2", 5, database=other_alias)]
        before = sessions()
        sampler = sampling(*build_gauges(database("default"), {}, []), *probes)
        wait_until(lambda: len(values(sampler, "here") + values(sampler, "there")) == 2)
        during = sessions() - before

        sampler.stop()

        assert len(during) == 3
        assert wait_until(lambda: not sessions() & during)

    def test_sqlite_is_not_opened_a_second_time(self, sampling):
        if connection.vendor != "sqlite":
            pytest.skip("a matter of SQLite")
        sampler = sampling(*build_gauges(database("default"), {}, []), Scripted(1))

        opened = [gauge.name for gauge in sampler.gauges if gauge.needs_sessions]

        assert opened == []
        assert values(sampler) == [1.0]


def sessions():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        return {pid for (pid,) in cursor.fetchall()}


@pytest.fixture
def closable(other):
    """A function that lets nobody connect to the test database, or everybody again."""
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    outside = other(NAME="postgres")

    def let_in(is_open):
        outside.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {is_open}")

    yield let_in
    let_in(True)


@only_postgresql
class TestCutOff:
    def test_a_connection_that_is_killed_comes_back_by_itself(self, sampling):
        sampler = sampling(*build_gauges(database("default"), {}, []))
        first = sampler.own - {database("default").own_session()}

        for pid in first:
            database("default").execute("SELECT pg_terminate_backend(%s)", [pid])

        assert len(first) == 1
        assert wait_until(lambda: sampler.own - first - {database("default").own_session()})
        wait_until(lambda: reading(sampler, "active_sessions").age_seconds < 0.9)

    def test_while_nobody_can_connect_database_gauges_are_blind(self, sampling, closable):
        clock = Clock()
        sampler = sampling(*build_gauges(database("default"), {}, []), clock=clock)
        closable(False)
        for pid in sampler.own - {database("default").own_session()}:
            database("default").execute("SELECT pg_terminate_backend(%s)", [pid])
        clock.ahead = 20.0

        blind = wait_until(lambda: [r for r in [reading(sampler, "active_sessions")] if r.is_blind and r.detail])[0]
        lag = wait_until(lambda: reading(sampler, "replica_lag"))
        memory = wait_until(lambda: not reading(sampler, "memory").is_blind)
        closable(True)

        assert "Error" in blind.detail
        assert (lag.is_lag, lag.value) == (True, None)
        assert memory
        assert wait_until(lambda: not reading(sampler, "active_sessions").is_blind)
        assert wait_until(lambda: reading(sampler, "replica_lag") is None)  # there are no standbys

    def test_a_probe_of_another_alias_comes_back_too(self, sampling, alias):
        probe = SqlProbe("session", "SELECT pg_backend_pid()", 5, database=alias("elsewhere"))
        sampler = sampling(probe)
        (first,) = wait_until(lambda: [pid for pid in values(sampler, "session") if pid is not None])

        database("default").execute("SELECT pg_terminate_backend(%s)", [int(first)])

        assert wait_until(lambda: set(values(sampler, "session")) - {first, None})

    def test_a_statement_of_a_probe_does_not_last(self, sampling):
        clock = Clock()
        sampler = sampling(SqlProbe("slow", "SELECT pg_sleep(60)", 5), clock=clock)
        clock.ahead = 20.0

        found = wait_until(lambda: [r for r in sampler.readings() if r.gauge == "slow" and r.detail])[0]

        assert "statement timeout" in found.detail


class TestOthers:
    @only_postgresql
    def test_another_session_is_seen_at_work_and_seen_gone(self, sampling, other):
        sampler = sampling(*build_gauges(database("default"), {}, []))
        wait_until(lambda: not sampler.is_shared)

        other().begin("SELECT pg_sleep(0.5)")
        seen = wait_until(lambda: sampler.is_shared)

        assert seen
        assert wait_until(lambda: not sampler.is_shared)

    @only_postgresql
    def test_workers_and_probes_of_the_run_are_no_others(self, sampling, alias):
        worker = database(alias("worker"))
        worker.execute("SELECT 1")
        probes = [SqlProbe("here", "SELECT 1", 5), SqlProbe("there", "SELECT 1", 5, database=alias("elsewhere"))]
        sampler = sampling(*build_gauges(database("default"), {}, []), *probes)
        sampler.note_batch(worker, 0.1, 0.0)
        wait_until(lambda: not sampler.is_shared)

        seen = set()
        began = time.monotonic()
        while time.monotonic() < began + 2.5:
            worker.execute("SELECT 1")
            database("default").execute("SELECT 1")
            seen.add(sampler.is_shared)
            time.sleep(0.1)

        assert seen == {False}

    @only_postgresql
    def test_they_are_seen_with_every_gauge_switched_off(self, sampling, other):
        sampler = sampling()

        other().begin("SELECT pg_sleep(60)")

        assert wait_until(lambda: sampler.is_shared)

    def test_where_they_cannot_be_asked_about_it_is_told_by_what_held_the_run_up(self, sampling):
        sampler = sampling(Busy())
        before = sampler.is_shared

        sampler.note_batch(database("default"), seconds=1.0, waited_seconds=0.5)
        held_up = sampler.is_shared
        for _ in range(20):
            sampler.note_batch(database("default"), seconds=1.0, waited_seconds=0.0)

        assert (before, held_up, sampler.is_shared) == (False, True, False)
