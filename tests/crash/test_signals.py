"""Signals and wishes at every moment of a real process: in a batch, a long statement, a wait, a pause, an undo."""

import signal
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.crash.databases import Scratch
from tests.crash.processes import BACKWARDS, FORWARDS, Process, run, wait_until
from tests.crash.test_control import SLOWLY, batches, control, has_begun, status
from tests.crash.test_two_at_once import is_in_a_batch

SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])


# The load of the machine that runs the tests is not to count.
QUIETLY: dict[str, Any] = {**SLOWLY, "LIMITS": {"cpu": None, "memory": None}}


def started(database: Scratch, scenario: str = "updating", **options: Any) -> Process:
    return Process(FORWARDS, database, scenario, patient=True, **{**QUIETLY, **options})


def has_a_step(database: Scratch) -> bool:
    return bool(database.query("SELECT 1 FROM reversible_migrations_step"))


def waiting(database: Scratch) -> str:
    return str(database.ledger("waiting")[-1][0])


def owner(database: Scratch) -> Any:
    return database.ledger("owner")[-1][0]


def is_nobodys(database: Scratch) -> bool:
    return owner(database) in ({}, "{}")


def is_noted(process: Process) -> bool:
    return "Finishing the batch in hand" in process.said()


def closed_window() -> str:
    opens = datetime.now(UTC) + timedelta(hours=5)
    return f"{opens:%H}:00-{opens + timedelta(hours=1):%H}:00 UTC"


def comes_to_its_end_and_back(database: Scratch, scenario: str, start: Any, end: Any = None) -> None:
    run(FORWARDS, database, scenario, patient=True)
    assert status(database) == "done"
    assert database.is_recorded()
    run(BACKWARDS, database, scenario, patient=True)
    assert database.rows() == start


def test_a_pause_keeps_a_short_lease(database: Scratch) -> None:
    start = database.rows()
    with started(database, LEASE_SECONDS=1) as process:
        wait_until(lambda: batches(database) >= 2, process)
        control(database, "pause")
        done = batches(database)

        time.sleep(2)

        with Process(FORWARDS, database, "updating", patient=True, LEASE_SECONDS=1) as second:
            assert second.end() == 1
            assert f"by process {process.pid}" in second.said()
        assert batches(database) == done
        control(database, "resume")
        assert process.end() == 0, process.said()
    run(BACKWARDS, database, "updating", patient=True)
    assert database.rows() == start


def test_what_is_so_already_is_refused(database: Scratch) -> None:
    with started(database, PAUSE_SECONDS=0.3) as process:
        wait_until(lambda: batches(database) >= 2, process)

        assert "not paused by anybody" in control(database, "resume", fails=True)
        control(database, "pause", "--reason", "closing")
        assert "closing already" in control(database, "pause", fails=True)
        control(database, "cancel", "--reason", "enough")

        assert process.end() == 1
        assert "enough" in process.said()
        assert "is cancelled already" in control(database, "cancel", fails=True)
    assert database.query("SELECT action FROM reversible_migrations_wish ORDER BY id") == [("pause",), ("cancel",)]


def test_a_signal_during_a_pause_leaves_the_run_to_the_next_process(database: Scratch) -> None:
    start = database.rows()
    with started(database) as process:
        wait_until(lambda: batches(database) >= 2, process)
        control(database, "pause")

        process.send(signal.SIGTERM)

        assert process.end() == 143
        assert "Traceback" not in process.said()
    assert status(database) == "paused"
    assert waiting(database) == "was stopped by SIGTERM."
    assert is_nobodys(database)
    assert "no process has it in hand" in control(database, "resume", fails=True)
    comes_to_its_end_and_back(database, "updating", start)


def test_a_signal_outside_the_window_ends_the_wait(database: Scratch) -> None:
    start = database.rows()
    with started(database, WINDOW=closed_window()) as process:
        wait_until(lambda: has_begun(database) and status(database) == "paused", process)
        assert "not paused by anybody" in control(database, "resume", fails=True)

        process.send(signal.SIGTERM)

        assert process.end() == 143
    assert status(database) == "paused"
    comes_to_its_end_and_back(database, "updating", start)


def test_a_window_that_closes_while_it_works_holds_the_run_until_it_opens(database: Scratch) -> None:
    with started(database, PAUSE_SECONDS=0.3) as process:
        wait_until(lambda: batches(database) >= 2, process)

        control(database, "set", f"window={closed_window()}")
        wait_until(lambda: status(database) == "paused", process)
        assert waiting(database) == f"outside its window {closed_window()}"
        control(database, "set", "window=none", "pause_seconds=0")

        assert process.end() == 0, process.said()
    assert waiting(database) == ""


def test_a_long_pause_between_batches_ends_when_it_is_changed(database: Scratch) -> None:
    with started(database, PAUSE_SECONDS=600) as process:
        wait_until(lambda: batches(database) == 1, process)

        control(database, "set", "pause_seconds=0")

        assert process.end() == 0, process.said()


@SIGNALS
def test_a_signal_during_a_long_statement_waits_for_its_end(database: Scratch, number: signal.Signals) -> None:
    start = database.rows()
    with started(database, "long") as process:
        wait_until(lambda: has_a_step(database) and is_in_a_batch(database), process)

        process.send(number)

        assert process.end() == 128 + number
        assert "Traceback" not in process.said()
    assert database.query("SELECT 1 FROM crash_category WHERE id = 4000")
    assert status(database) == "paused"
    comes_to_its_end_and_back(database, "long", start)


@SIGNALS
def test_a_second_signal_cuts_a_long_statement(database: Scratch, number: signal.Signals) -> None:
    start = database.rows()
    with started(database, "long") as process:
        wait_until(lambda: has_a_step(database) and is_in_a_batch(database), process)
        process.send(number)
        wait_until(lambda: is_noted(process), process)

        process.send(number)

        assert process.end() == 128 + number
        assert "Traceback" not in process.said()
    assert status(database) == "interrupted"
    assert database.rows() == start
    comes_to_its_end_and_back(database, "long", start)


def test_a_signal_in_the_last_batch_ends_the_process_and_the_next_one_records_it(database: Scratch) -> None:
    start = database.rows()
    with started(database, "slow", BATCH_SIZE=200) as process:  # one batch of 3 s
        wait_until(lambda: has_begun(database), process)
        time.sleep(1)

        process.send(signal.SIGTERM)

        assert process.end() == 143
        assert "behind its last batch" in process.said()
    assert status(database) == "done"
    assert not database.is_recorded()
    comes_to_its_end_and_back(database, "slow", start)
    assert len(database.ledger("id", "direction = 'forwards'")) == 1


def test_a_signal_during_an_undo_leaves_it_paused_and_it_is_gone_on_with(database: Scratch) -> None:
    start = database.rows()
    run(FORWARDS, database, "updating", patient=True, BATCH_SIZE=5)
    with Process(BACKWARDS, database, "updating", patient=True, **{**QUIETLY, "PAUSE_SECONDS": 0.2}) as process:
        wait_until(lambda: database.ledger("id")[-1:] != [(1,)] and batches(database) >= 2, process)

        process.send(signal.SIGINT)

        assert process.end() == 130
        assert "Traceback" not in process.said()
    assert database.ledger("status") == [("undoing",), ("paused",)]
    run(BACKWARDS, database, "updating", patient=True)
    assert database.rows() == start
    assert not database.is_recorded()


def test_several_workers_are_held_by_a_pause_longer_than_their_lease(database: Scratch, postgresql: None) -> None:
    start = database.rows()
    database.execute("INSERT INTO crash_medicine (id, name, sold) SELECT n, 'm', 1 FROM generate_series(1000, 14000) n")
    database.execute("ANALYZE crash_medicine")
    options: dict[str, Any] = {"PARALLEL": 2, "BATCH_SIZE": 100, "LEASE_SECONDS": 1}
    with started(database, **options) as process:
        wait_until(lambda: batches(database) >= 4, process)
        control(database, "pause", "--wait", "100")
        done = batches(database)

        time.sleep(3)

        late = batches(database) - done
        assert late <= 1  # the other worker may have had a batch in hand
        control(database, "resume")
        assert process.end() == 0, process.said()
    assert len(database.query("SELECT 1 FROM reversible_migrations_keyrange")) > 1
    run(BACKWARDS, database, "updating", patient=True)
    database.execute("DELETE FROM crash_medicine WHERE id >= 1000")
    assert database.rows() == start
