"""
A `manage.py migrate` process is killed again and again, is run on until it is done, and is undone under kills too.

What is there in the end must be what an uninterrupted run leaves, and then what there was at the start.
"""

import random
import time
from typing import Any

import pytest

from tests.crash.databases import Scratch, without_own_keys
from tests.crash.processes import BACKWARDS, FORWARDS, killed_at_random, run, undo_of_newest

SCENARIOS = ["updating", "transforming", "creating", "deleting", "recording", "several", "operations"]
PACE: dict[str, Any] = {"BATCH_SIZE": 10, "PAUSE_SECONDS": 0.02}  # 20 batches and more: about a second
FORWARD_KILLS, BACKWARD_KILLS, UNFINISHED_KILLS = 2, 1, 2  # of every scenario: with 7 of them 35
LONG = 6  # times as many


class Uninterrupted:
    """What a scenario leaves when nothing happens to it, and how many seconds it works."""

    def __init__(self, template: Scratch, scenario: str):
        database = template.copy(f"quiet_{scenario}")
        try:
            self.start = database.rows()
            began = time.monotonic()
            run(FORWARDS, database, scenario, **PACE)
            self.seconds = max(0.3, time.monotonic() - began - 0.6)  # without starting Python and Django
            self.end = database.rows()
            assert self.end != self.start
            run(BACKWARDS, database, scenario, **PACE)
            assert database.rows() == self.start
            assert not database.leftover_triggers()
        finally:
            database.drop()


@pytest.fixture(scope="module")
def uninterrupted(template: Scratch) -> Any:
    known: dict[str, Uninterrupted] = {}

    def of(scenario: str) -> Uninterrupted:
        if scenario not in known:
            known[scenario] = Uninterrupted(template, scenario)
        return known[scenario]

    return of


def kill_until_done(
    arguments: tuple[str, ...], database: Scratch, scenario: str, moments: random.Random, seconds: float, kills: int
) -> int:
    """Kill up to ``kills`` processes, then let one come to its end; return how many were killed."""
    for killed in range(kills):
        if not killed_at_random(arguments, database, scenario, moments, seconds, **PACE):
            return killed
    run(arguments, database, scenario, **PACE)
    return kills


@pytest.mark.parametrize(
    "times",
    [pytest.param(1, id="quick"), pytest.param(LONG, id="long", marks=pytest.mark.long)],
)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_killed_migration_comes_to_its_end_and_back_to_its_start(
    scenario: str, times: int, database: Scratch, uninterrupted: Any, moments: random.Random
) -> None:
    quiet = uninterrupted(scenario)
    killed = 0

    for _ in range(times):
        killed += kill_until_done(FORWARDS, database, scenario, moments, quiet.seconds, FORWARD_KILLS)

        assert without_own_keys(database.rows()) == without_own_keys(quiet.end)
        assert not database.leftover_triggers()
        assert database.is_recorded()

        killed += kill_until_done(BACKWARDS, database, scenario, moments, quiet.seconds / 2, BACKWARD_KILLS)

        assert database.rows() == quiet.start
        assert not database.leftover_triggers()
        assert not database.is_recorded()

    print(f"{killed} kills")


@pytest.mark.parametrize(
    "times",
    [pytest.param(1, id="quick"), pytest.param(LONG, id="long", marks=pytest.mark.long)],
)
@pytest.mark.parametrize("scenario", ["updating", "recording", "several", "operations"])
def test_an_unfinished_migration_is_undone_to_its_start(
    scenario: str, times: int, database: Scratch, uninterrupted: Any, moments: random.Random
) -> None:
    quiet = uninterrupted(scenario)

    for _ in range(times):
        # A kill behind the last batch leaves a finished run: undone in the same way.
        if killed_at_random(FORWARDS, database, scenario, moments, quiet.seconds, **PACE):
            kill_until_done(
                undo_of_newest(database), database, scenario, moments, quiet.seconds / 3, UNFINISHED_KILLS - 1
            )

            assert database.rows() == quiet.start
            assert not database.leftover_triggers()
            assert not database.is_recorded()
            assert not database.ledger("id", "holds IS NOT NULL")

    # What was undone can be done again.
    run(FORWARDS, database, scenario, BATCH_SIZE=500)
    assert without_own_keys(database.rows()) == without_own_keys(quiet.end)
