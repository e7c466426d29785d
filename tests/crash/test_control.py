"""Real processes that are paused, changed, cancelled and sent signals while they work."""

import json
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.crash.databases import Scratch
from tests.crash.processes import BACKWARDS, FORWARDS, Process, run, wait_until

SLOWLY: dict[str, Any] = {"BATCH_SIZE": 5, "PAUSE_SECONDS": 0.3}  # 40 batches: more than 12 s
SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])


def started(database: Scratch, scenario: str = "updating", **options: Any) -> Process:
    return Process(FORWARDS, database, scenario, patient=True, **{**SLOWLY, **options})


def control(database: Scratch, *arguments: str, fails: bool = False) -> str:
    number = str(database.ledger("id")[-1][0])
    command = ("manage.py", "control_migration", number, *arguments)
    with Process(command, database, "updating", patient=True) as process:
        status = process.end()
        said = process.said()
    assert status == int(fails), said
    return said


def status(database: Scratch) -> str:
    return str(database.ledger("status")[-1][0])


def batches(database: Scratch) -> int:
    """Return how many batches of the newest run are committed."""
    return int(
        database.query(
            "SELECT coalesce(sum(r.batches), 0) FROM reversible_migrations_keyrange AS r"
            " JOIN reversible_migrations_step AS s ON s.id = r.step_id"
            " WHERE s.run_id = (SELECT max(id) FROM reversible_migrations_run)"
        )[0][0]
    )


def undisturbed(database: Scratch) -> Any:
    """Return the rows that the patch leaves when nothing happens, and put the database back."""
    start = database.rows()
    run(FORWARDS, database, "updating", patient=True)
    end = database.rows()
    run(BACKWARDS, database, "updating", patient=True)
    assert database.rows() == start
    return start, end


def test_a_paused_run_waits_keeps_its_lease_and_goes_on(database: Scratch) -> None:
    start, end = undisturbed(database)
    with started(database, LEASE_SECONDS=6) as process:
        wait_until(lambda: batches(database) >= 4, process)

        said = control(database, "pause", "--reason", "month-end closing", "--wait", "100")

        assert "it is paused" in said
        done = batches(database)
        waiting = database.ledger("waiting")[-1][0]
        assert waiting.startswith("paused by ")
        assert waiting.endswith("month-end closing")
        with Process(FORWARDS, database, "updating", patient=True) as second:
            assert second.end() == 1
            assert "is being run" in second.said()
        assert batches(database) == done

        control(database, "resume")

        assert process.end() == 0, process.said()
    assert database.rows() == end != start
    assert database.ledger("waiting")[-1][0] == ""


def test_a_cancelled_run_says_who_and_why_and_can_be_gone_on_with(database: Scratch) -> None:
    _, end = undisturbed(database)
    with started(database) as process:
        wait_until(lambda: batches(database) >= 4, process)

        control(database, "cancel", "--reason", "wrong day", "--wait", "100")

        assert process.end() == 1
        assert "was cancelled by" in process.said()
        assert "wrong day" in process.said()
    assert status(database) == "cancelled"
    run(FORWARDS, database, "updating", patient=True)
    assert database.rows() == end


def test_cancelling_with_undo_brings_every_bit_back(database: Scratch) -> None:
    start = database.rows()
    with started(database) as process:
        wait_until(lambda: batches(database) >= 3, process)

        control(database, "cancel", "--undo", "--wait", "100")

        assert process.end() == 1
    assert database.rows() == start
    assert not database.is_recorded()


def test_a_changed_setting_takes_effect_and_outlives_the_process(database: Scratch) -> None:
    _, end = undisturbed(database)
    with started(database) as process:
        wait_until(lambda: batches(database) >= 4, process)

        control(database, "set", "batch_size=50", "limit.memory=none", "--wait", "100")
        process.kill()

    before = batches(database)
    run(FORWARDS, database, "updating", patient=True, BATCH_SIZE=1)
    assert batches(database) - before <= 6
    assert database.rows() == end
    wishes = database.query("SELECT options, by FROM reversible_migrations_wish")
    options = wishes[0][0] if isinstance(wishes[0][0], dict) else json.loads(wishes[0][0])
    assert options == {"BATCH_SIZE": 50, "LIMITS": {"memory": None}}
    assert wishes[0][1]


def test_what_cannot_be_heeded_is_refused_and_nothing_recorded(database: Scratch) -> None:
    run(FORWARDS, database, "updating", patient=True)

    assert "is over" in control(database, "pause", fails=True)
    assert "batch_size" in control(database, "set", "batch_sise=5", fails=True)
    assert "must be" in control(database, "set", "batch_size=0", fails=True)
    assert "not in the database" in run_of_none(database)
    assert database.query("SELECT count(*) FROM reversible_migrations_wish") == [(0,)]


def run_of_none(database: Scratch) -> str:
    with Process(("manage.py", "control_migration", "99", "pause"), database, "updating", patient=True) as process:
        assert process.end() == 1
        return process.said()


@SIGNALS
def test_a_signal_lets_the_batch_end_and_leaves_the_run_paused(database: Scratch, number: signal.Signals) -> None:
    _, end = undisturbed(database)
    with started(database) as process:
        wait_until(lambda: batches(database) >= 4, process)

        process.send(number)

        assert process.end() == 128 + number
        assert "Traceback" not in process.said()
        assert number.name in process.said()
    assert status(database) == "paused"
    run(FORWARDS, database, "updating", patient=True)
    assert database.rows() == end


def test_a_second_interrupt_ends_at_once_and_nothing_is_lost(database: Scratch) -> None:
    start = database.rows()
    with started(database, "slow", BATCH_SIZE=150) as process:  # one batch of 3 s
        wait_until(lambda: has_begun(database), process)

        process.send(signal.SIGINT)
        wait_until(lambda: "Finishing" in process.said())
        process.send(signal.SIGINT)

        assert process.end() in (130, -signal.SIGINT)
    assert database.rows() == start
    run(FORWARDS, database, "slow", patient=True)
    run(BACKWARDS, database, "slow", patient=True)
    assert database.rows() == start


def has_begun(database: Scratch) -> bool:
    return bool(database.query("SELECT 1 FROM reversible_migrations_keyrange"))


def closed_now() -> str:
    """Return a window that opens in some hours."""
    opens = datetime.now(UTC) + timedelta(hours=5)
    return f"{opens:%H}:00-{opens + timedelta(hours=1):%H}:00 UTC"


def test_outside_its_window_a_run_ends_with_status_3_if_it_is_not_to_wait(database: Scratch) -> None:
    with started(database, WINDOW=closed_now(), OUTSIDE_WINDOW="stop") as process:
        assert process.end() == 3
        assert "is outside its window" in process.said()
    assert status(database) == "paused"

    run(FORWARDS, database, "updating", patient=True)
    assert status(database) == "done"


def test_outside_its_window_a_run_waits_and_says_so(database: Scratch) -> None:
    with started(database, WINDOW=closed_now(), PAUSE_SECONDS=0) as process:
        wait_until(lambda: database.ledger("id") and status(database) == "paused", process)
        assert database.ledger("waiting")[-1][0] == f"outside its window {closed_now()}"

        control(database, "set", "window=none")

        assert process.end() == 0, process.said()
    assert batches(database) == 40
