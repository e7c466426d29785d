"""Processes with several workers, killed, stopped and cut off from the server: every row is changed once in the end."""

import os
import random
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.crash.conftest import on_postgresql, server_url
from tests.crash.databases import PostgreSQLScratch
from tests.crash.processes import BACKWARDS, FORWARDS, Process, batches_done, killed_at_random, run, wait_until

MEDICINES = 15_000
PACE: dict[str, Any] = {"PARALLEL": 2, "BATCH_SIZE": 500, "PAUSE_SECONDS": 0.05}
SCENARIOS = ["updating", "clearing"]
TABLES = ["category", "medicine", "batch", "recall", "leaflet"]
TIMES = [pytest.param(3, id="quick"), pytest.param(25, id="long", marks=pytest.mark.long)]


@pytest.fixture(scope="module")
def stock() -> Iterator[PostgreSQLScratch]:
    if not on_postgresql():
        pytest.skip("SQLite has one writer")
    database = PostgreSQLScratch(server_url(), f"rm_parallel_{os.getpid()}")
    database.create()
    try:
        database.prepare(MEDICINES)
        for table in TABLES:
            database.execute(f"ANALYZE crash_{table}")
        yield database
    finally:
        database.drop()


@pytest.fixture
def large(stock: PostgreSQLScratch) -> Iterator[PostgreSQLScratch]:
    copied = stock.copy("copy")
    try:
        yield copied
    finally:
        copied.drop()


def digest(database: PostgreSQLScratch) -> str:
    """Return what is the same for the same rows of all tables."""
    each = [f"(SELECT md5(string_agg(md5(t::text), '' ORDER BY id)) FROM crash_{table} AS t)" for table in TABLES]
    return str(database.query(f"SELECT concat_ws(' ', {', '.join(each)})")[0][0])


def ends(stock: PostgreSQLScratch, scenario: str = "updating") -> tuple[str, str]:
    """Return the digests of the start, and of what one undisturbed worker leaves."""
    quiet = stock.copy("quiet")
    try:
        run(FORWARDS, quiet, scenario)
        return digest(stock), digest(quiet)
    finally:
        quiet.drop()


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("times", TIMES)
def test_killed_again_and_again_it_comes_to_its_end_and_back(
    times: int, scenario: str, stock: PostgreSQLScratch, large: PostgreSQLScratch, moments: random.Random
) -> None:
    start, end = ends(stock, scenario)

    for _ in range(times):
        killed_at_random(FORWARDS, large, scenario, moments, 1.2, **PACE)
    run(FORWARDS, large, scenario, **PACE)
    assert digest(large) == end
    assert len(large.query("SELECT 1 FROM reversible_migrations_keyrange")) > 1

    for _ in range(times):
        killed_at_random(BACKWARDS, large, scenario, moments, 1.0, **PACE)
    run(BACKWARDS, large, scenario, **PACE)
    assert digest(large) == start


def test_a_worker_whose_connection_is_cut_goes_on_by_itself(stock: PostgreSQLScratch, large: PostgreSQLScratch) -> None:
    _, end = ends(stock)
    with Process(FORWARDS, large, "updating", **PACE) as process:
        wait_until(lambda: batches_done(large) >= 4, process)

        large.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%crash_medicine%'"
        )

        assert process.end() == 0, process.said()
    assert digest(large) == end


def test_one_that_was_stopped_and_taken_over_writes_nothing_more(
    stock: PostgreSQLScratch, large: PostgreSQLScratch
) -> None:
    _, end = ends(stock)
    with Process(FORWARDS, large, "updating", **PACE, LEASE_SECONDS=2) as first:
        wait_until(lambda: batches_done(large) >= 4, first)
        first.send(signal.SIGSTOP)

        run(FORWARDS, large, "updating", PARALLEL=2, LEASE_SECONDS=2, LEASE_WAIT_SECONDS=30)
        assert digest(large) == end
        first.send(signal.SIGCONT)

        assert first.end() == 1
        assert "was taken over by" in first.said()
    assert digest(large) == end


def test_a_signal_ends_all_workers_after_their_batches(stock: PostgreSQLScratch, large: PostgreSQLScratch) -> None:
    _, end = ends(stock)
    with Process(FORWARDS, large, "updating", **PACE) as process:
        wait_until(lambda: batches_done(large) >= 4, process)

        process.send(signal.SIGTERM)

        assert process.end() == 143, process.said()
    assert large.ledger("status") == [("paused",)]
    run(FORWARDS, large, "updating", **PACE)
    assert digest(large) == end
