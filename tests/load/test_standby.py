"""A real standby, made by pg_basebackup: its lag is read, and a run beside it waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from django.db import connections
from django.db.utils import ConnectionHandler

from reversible_migrations.databases import database
from reversible_migrations.load.gauges import CannotRead, Look, ReplicaLag, ReplicaLagBytes, build_gauges
from reversible_migrations.load.sampler import Sampler
from tests.crash.conftest import MEDICINES, on_postgresql
from tests.crash.databases import PostgreSQLScratch
from tests.crash.processes import FORWARDS, Process, batches_done, run, wait_until
from tools.postgresql import NoServer, TemporaryCluster, TemporaryStandby, programs

LIMIT = 1_000_000  # bytes

pytestmark = pytest.mark.xdist_group("own server")


@dataclass
class Pair:
    """A primary and its standby."""

    primary: TemporaryCluster
    standby: TemporaryCluster

    def ask(self, sql: str) -> Any:
        with psycopg.connect(self.primary.url, autocommit=True) as session:
            return session.execute(sql).fetchone()[0]

    def tell_standby(self, sql: str) -> None:
        with psycopg.connect(self.standby.url, autocommit=True) as session:
            session.execute(sql)

    def write(self, size: int) -> None:
        """Write about ``size`` bytes of WAL."""
        self.ask(f"SELECT pg_logical_emit_message(true, 'test', repeat('x', {size}))")

    def pause(self) -> None:
        self.tell_standby("SELECT pg_wal_replay_pause()")
        with closing(psycopg.connect(self.standby.url, autocommit=True)) as session:
            wait_until(lambda: session.execute("SELECT pg_get_wal_replay_pause_state()").fetchone()[0] == "paused")

    def resume(self) -> None:
        self.tell_standby("SELECT pg_wal_replay_resume()")


@contextmanager
def decoding(cluster: TemporaryCluster) -> Iterator[None]:
    """Let the server have logical slots."""
    with psycopg.connect(cluster.url, autocommit=True) as session:
        session.execute("ALTER SYSTEM SET wal_level = logical")
    cluster.stop()
    cluster.start()
    yield


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    if not on_postgresql():
        pytest.skip("a matter of PostgreSQL")
    try:
        found = programs()
    except NoServer as reason:
        pytest.skip(str(reason))
    with TemporaryCluster(found) as primary, decoding(primary), TemporaryStandby(primary, "s1") as standby:
        made = Pair(primary, standby)
        wait_until(lambda: made.ask("SELECT count(*) FROM pg_stat_replication WHERE replay_lsn IS NOT NULL"))
        yield made


@pytest.fixture
def beside(pair: Pair) -> Iterator[Pair]:
    """The pair, whose standby replays after the test."""
    yield pair
    pair.resume()


@pytest.fixture
def primary(beside: Pair) -> Iterator[str]:
    """An alias of the primary's own database."""
    port = str(beside.primary.port)
    server = {"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": port, "USER": "postgres"}
    made = ConnectionHandler({"default": {}, "primary": {**server, "NAME": "postgres"}})
    connections.settings["primary"] = made.settings["primary"]
    yield "primary"
    connections["primary"].close()
    del connections["primary"]
    del connections.settings["primary"]


def read(kind: Any, alias: str) -> Any:
    return kind().read(Look(database(alias)))


class TestLag:
    def test_an_idle_standby_has_none(self, primary, django_db_blocker):
        with django_db_blocker.unblock():
            found = wait_until(lambda: [f for f in [read(ReplicaLagBytes, primary)] if f and f.value == 0])[0]

            assert found.detail == "standby s1"
            assert read(ReplicaLag, primary).value == 0
            assert read(ReplicaLag, primary).detail == "standby s1"

    def test_it_grows_while_replay_is_paused_and_is_gone_after(self, beside, primary, django_db_blocker):
        with django_db_blocker.unblock():
            beside.pause()
            beside.write(2 * LIMIT)
            first = read(ReplicaLagBytes, primary)
            beside.write(2 * LIMIT)
            later = read(ReplicaLagBytes, primary)
            seconds = wait_until(lambda: [f for f in [read(ReplicaLag, primary)] if f.value > 0])[0]

            beside.resume()

            assert first.value >= 2 * LIMIT
            assert later.value >= first.value + 2 * LIMIT
            assert (first.detail, seconds.detail) == ("standby s1", "standby s1")
            assert wait_until(lambda: read(ReplicaLagBytes, primary).value == 0)
            assert wait_until(lambda: read(ReplicaLag, primary).value == 0)

    def test_a_sampler_looks_after_standbys_more_often(self, beside, primary, django_db_blocker):
        with django_db_blocker.unblock():
            sampler = Sampler(primary, build_gauges(database(primary), {}, []), has_sessions=True)
            sampler.start()
            wait_until(lambda: len(lags(sampler)) == 2)
            beside.pause()
            beside.write(2 * LIMIT)

            seen = wait_until(lambda: [r for r in lags(sampler) if r.unit == "bytes" and r.value >= LIMIT])
            sampler.stop()

            assert seen[0].detail == "standby s1"

    def test_a_role_that_may_not_see_standbys_is_told_so(self, primary, django_db_blocker):
        with django_db_blocker.unblock():
            db = database(primary)
            db.execute("CREATE ROLE poor")
            db.execute("SET ROLE poor")
            try:
                for kind in (ReplicaLag, ReplicaLagBytes):
                    with pytest.raises(CannotRead, match="may not see standbys: grant it pg_monitor"):
                        read(kind, primary)
            finally:
                db.execute("RESET ROLE")
                db.execute("GRANT pg_monitor TO poor")
                db.execute("SET ROLE poor")
                granted = read(ReplicaLag, primary)
                db.execute("RESET ROLE")
                db.execute("DROP ROLE poor")

            assert granted.detail == "standby s1"


class TestSlots:
    def test_a_logical_slot_counts_while_it_is_used(self, beside, primary, django_db_blocker):
        beside.ask("SELECT pg_create_logical_replication_slot('feed', 'pgoutput')")
        beside.write(LIMIT)
        with django_db_blocker.unblock():
            left_behind = sizes(primary)

            with psycopg.connect(beside.primary.url, autocommit=True, replication="database") as reader:
                options = b"proto_version '1', publication_names 'none'"
                reader.pgconn.exec_(b"START_REPLICATION SLOT feed LOGICAL 0/0 (" + options + b")")
                in_use = wait_until(lambda: sizes(primary).get("slot feed"))
                reader.pgconn.finish()
            wait_until(lambda: "slot feed" not in sizes(primary))
            beside.ask("SELECT pg_drop_replication_slot('feed')::text")

        assert "slot feed" not in left_behind
        assert in_use >= LIMIT


def sizes(alias: str) -> dict[str, Any]:
    return {lag.name: lag.bytes for lag in Look(database(alias)).lags}


def test_what_replays_nothing_has_no_lag(pair, primary, django_db_blocker):
    with psycopg.connect(pair.primary.url, autocommit=True, replication="true") as receiver:
        receiver.pgconn.exec_(f"START_REPLICATION {pair.ask('SELECT pg_current_wal_lsn()::text')}".encode())
        with django_db_blocker.unblock():
            found = wait_until(lambda: [lag for lag in Look(database(primary)).lags if lag.name != "s1"])
        receiver.pgconn.finish()

    assert [(lag.seconds, lag.bytes) for lag in found] == [(None, None)]


def lags(sampler: Sampler) -> list[Any]:
    return [reading for reading in sampler.readings() if reading.is_lag and reading.value is not None]


def test_a_run_waits_for_the_standby_and_goes_on_by_itself(beside: Pair) -> None:
    stock = PostgreSQLScratch(beside.primary.url, "stock")
    stock.create()
    stock.prepare(MEDICINES)
    undisturbed = stock.copy("undisturbed")
    run(FORWARDS, undisturbed, "updating")
    beside.pause()
    beside.write(2 * LIMIT)
    limits = {"replica_lag_bytes": LIMIT, "replica_lag": None}

    with Process(FORWARDS, stock, "updating", BATCH_SIZE=10, LIMITS=limits) as process:
        wait_until(lambda: waits(stock), process)
        waiting = stock.ledger("waiting")
        done = batches_done(stock)
        is_held = not process.ended()
        beside.resume()

        assert process.end() == 0, process.said()

    assert is_held
    assert done < MEDICINES // 10
    assert "standby s1 is " in waiting[0][0]
    assert waits(stock)[0][0].startswith("standby s1 is ")
    assert waits(stock)[0][0].endswith(" behind, limit 1 MB")
    assert stock.ledger("status, waiting") == [("done", "")]
    assert stock.rows() == undisturbed.rows()


def waits(database: PostgreSQLScratch) -> list[Any]:
    return database.query("SELECT text FROM reversible_migrations_event WHERE kind = 'wait' ORDER BY id")
