"""Two processes on one migration: one works, the other waits, ends with a clear error, or takes over."""

import signal
import sqlite3
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.crash.databases import Rows, Scratch, SQLiteScratch
from tests.crash.processes import BACKWARDS, FORWARDS, Process, batches_done, run, undo_of_newest, wait_until

SLOWLY: dict[str, Any] = {"BATCH_SIZE": 20, "PAUSE_SECONDS": 0.2}
LEASE_SECONDS = 1


@pytest.fixture
def end(database: Scratch, template: Scratch) -> Rows:
    """What one uninterrupted run of the scenario `updating` leaves."""
    copied = template.copy("end_of_updating")
    try:
        run(FORWARDS, copied, "updating")
        return copied.rows()
    finally:
        copied.drop()


def started(database: Scratch, scenario: str = "updating", **options: Any) -> Process:
    """Start a slow process and return it when it is between its first batches and its last."""
    before = batches_done(database)
    process = Process(FORWARDS, database, scenario, **{**SLOWLY, **options})
    wait_until(lambda: batches_done(database) >= before + 2, process)
    return process


def stop_when(process: Process, in_state: Callable[[], bool]) -> None:
    """Stop the process (SIGSTOP) at a moment at which it is ``in_state``."""
    for _ in range(200):
        process.send(signal.SIGSTOP)
        time.sleep(0.05)
        if in_state():
            return
        process.send(signal.SIGCONT)
        time.sleep(0.03)
    raise AssertionError("it was never met in that state")


def is_between_batches(database: Scratch) -> bool:
    """Return whether nobody has a transaction with a write open."""
    if isinstance(database, SQLiteScratch):
        try:
            connection = sqlite3.connect(database.path, timeout=0, isolation_level=None)
            connection.execute("BEGIN IMMEDIATE")
            connection.close()
        except sqlite3.OperationalError:
            return False
        return True
    return not is_in_a_batch(database)


def is_in_a_batch(database: Scratch) -> bool:
    if isinstance(database, SQLiteScratch):
        return not is_between_batches(database)
    return bool(
        database.query(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL"
            " AND pid <> pg_backend_pid()"
        )
    )


def let_lease_run_out() -> None:
    time.sleep(LEASE_SECONDS + 0.5)


def test_the_second_process_is_told_who_holds_the_run(database: Scratch, end: Rows) -> None:
    with started(database) as first:
        stop_when(first, lambda: is_between_batches(database))  # so that it cannot end while the other one starts
        with Process(FORWARDS, database, "updating") as second:
            status = second.end()

            assert status != 0
            assert "LeaseHeld" in second.said()
            assert f"process {first.pid} on" in second.said()
        first.send(signal.SIGCONT)

        assert first.end() == 0, first.said()
    assert database.rows() == end


def test_the_second_process_waits_and_does_nothing_twice(database: Scratch, end: Rows) -> None:
    start = database.rows()
    with (
        started(database) as first,
        Process(FORWARDS, database, "updating", LEASE_WAIT_SECONDS=60) as second,
    ):
        assert first.end() == 0, first.said()
        assert second.end() == 0, second.said()

    assert database.rows() == end
    assert len(database.ledger("id", "direction = 'forwards'")) == 1

    with (
        Process(BACKWARDS, database, "updating", LEASE_WAIT_SECONDS=60, **SLOWLY) as first,
        Process(BACKWARDS, database, "updating", LEASE_WAIT_SECONDS=60, **SLOWLY) as second,
    ):
        assert first.end() == 0, first.said()
        assert second.end() == 0, second.said()

    assert database.rows() == start
    assert len(database.ledger("id", "direction = 'backwards'")) == 1


def test_a_process_stopped_past_its_lease_writes_nothing_more(database: Scratch, end: Rows) -> None:
    with started(database, LEASE_SECONDS=LEASE_SECONDS) as first:
        stop_when(first, lambda: is_between_batches(database))
        let_lease_run_out()
        run(FORWARDS, database, "updating", LEASE_SECONDS=LEASE_SECONDS)
        assert database.rows() == end
        ledger = database.ledger("id, status, token, rows_done")

        first.send(signal.SIGCONT)

        assert first.end() != 0
        assert "LeaseLost" in first.said()
        assert "This process wrote nothing after that." in first.said()
    assert database.rows() == end
    assert database.ledger("id, status, token, rows_done") == ledger


def test_a_process_stopped_past_its_lease_does_not_disturb_the_undo(database: Scratch) -> None:
    start = database.rows()
    with started(database, LEASE_SECONDS=LEASE_SECONDS) as first:
        stop_when(first, lambda: is_between_batches(database))
        let_lease_run_out()
        run(undo_of_newest(database), database, "updating", LEASE_SECONDS=LEASE_SECONDS)
        assert database.rows() == start

        first.send(signal.SIGCONT)

        assert first.end() != 0
        assert "LeaseLost" in first.said()
    assert database.rows() == start
    assert not database.is_recorded()


def test_a_living_process_is_not_undone_from_under_it(database: Scratch, end: Rows) -> None:
    with started(database) as first:
        stop_when(first, lambda: is_between_batches(database))
        with Process(undo_of_newest(database), database, "updating") as second:
            assert second.end() != 0
            assert f"process {first.pid} on" in second.said()
        first.send(signal.SIGCONT)

        assert first.end() == 0, first.said()
    assert database.rows() == end


def test_a_batch_left_open_past_its_lease_is_ended_by_the_second_process(database: Scratch, postgresql: None) -> None:
    slow = {"BATCH_SIZE": 30, "LEASE_SECONDS": LEASE_SECONDS}
    with started(database, "slow", **slow, PAUSE_SECONDS=0) as first:
        stop_when(first, lambda: is_in_a_batch(database))
        let_lease_run_out()
        run(FORWARDS, database, "slow", **slow)
        end = database.rows()

        first.send(signal.SIGCONT)

        assert first.end() != 0
        assert "LeaseLost" in first.said()
    assert database.rows() == end
    named_slow = database.query("SELECT count(*) FROM crash_medicine WHERE name LIKE '% slow'")
    assert named_slow == database.query("SELECT count(*) FROM crash_medicine WHERE id <= 150")
    assert not database.query("SELECT 1 FROM crash_medicine WHERE name LIKE '% slow slow'")


def test_a_batch_left_open_on_sqlite_keeps_the_second_process_out(database: Scratch) -> None:
    if not isinstance(database, SQLiteScratch):
        pytest.skip("PostgreSQL ends the session, see above")
    slow = {"BATCH_SIZE": 30, "LEASE_SECONDS": LEASE_SECONDS}
    with started(database, "slow", **slow, PAUSE_SECONDS=0) as first:
        stop_when(first, lambda: is_in_a_batch(database))
        let_lease_run_out()

        with Process(FORWARDS, database, "slow", **slow) as second:
            assert second.end() != 0
            assert f"process {first.pid} on" in second.said()
        first.send(signal.SIGCONT)

        assert first.end() == 0, first.said()
    assert not database.query("SELECT 1 FROM crash_medicine WHERE name LIKE '% slow slow'")
