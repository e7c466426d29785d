"""A killed process, and what verification finds until the migration is run on."""

import json
from typing import Any

from tests.crash.databases import Scratch
from tests.crash.processes import FORWARDS, Process, batches_done, run, wait_until

SLOWLY: dict[str, Any] = {"BATCH_SIZE": 5, "PAUSE_SECONDS": 0.1}


def verified(database: Scratch, scenario: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """Return the exit status of ``verify_migrations crash --rows``, and its findings by check."""
    command = ("manage.py", "verify_migrations", "crash", "--rows", "--json")
    with Process(command, database, scenario, patient=True) as process:
        status, said = process.end(), process.said()
    return status, {
        c["check"]: c["findings"] for c in json.loads(said)["checks"] if c["outcome"] not in ("fine", "info")
    }


def test_a_killed_run_is_found_and_a_finished_one_is_fine(database: Scratch) -> None:
    start = verified(database, "updating")
    with Process(FORWARDS, database, "updating", patient=True, **SLOWLY) as process:
        wait_until(lambda: batches_done(database) >= 3, process)
        process.kill()

    status, found = verified(database, "updating")

    assert start == (0, {})
    assert (status, set(found)) == (1, {"runs"})
    assert "was not finished: interrupted" in found["runs"][0]["message"]

    run(FORWARDS, database, "updating")
    assert verified(database, "updating") == (0, {})


def test_triggers_of_a_recording_that_was_killed_are_found_until_it_is_run_on(database: Scratch) -> None:
    with Process(FORWARDS, database, "recording", patient=True) as process:
        wait_until(lambda: database.leftover_triggers() or process.ended(), process)
        process.kill()
    is_left = bool(database.leftover_triggers())

    _, found = verified(database, "recording")

    assert ("recorders" in found) is is_left
    run(FORWARDS, database, "recording")
    _, found = verified(database, "recording")
    assert set(found) <= {"sequences"}  # the recorded code gives keys by hand
