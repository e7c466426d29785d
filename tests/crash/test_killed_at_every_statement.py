"""Kills before chosen statements, or each, of a small migration: forwards, backwards, and undoing it unfinished."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.crash.databases import ROOT, Scratch

AT_THE_MOST = 10_000  # more statements than any scenario has


def enumerate_statements(database: Scratch, scenario: str, first: int, step: int, batch_size: int) -> dict[str, Any]:
    finished = subprocess.run(
        [sys.executable, "-m", "tests.crash.statements", str(first), str(step), str(AT_THE_MOST)],
        cwd=ROOT,
        env=database.environment(scenario, json.dumps({"BATCH_SIZE": batch_size})),
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    found: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    print(f"{found['kills']} kills, {found['last']} statements\n{finished.stderr}")
    return found


@pytest.mark.parametrize("scenario", ["several", "operations"])
def test_a_kill_before_chosen_statements_changes_nothing_in_the_end(
    scenario: str, database: Scratch, moments: Any
) -> None:
    step = 150
    first = moments.randrange(1, step)

    found = enumerate_statements(database, scenario, first, step, batch_size=150)

    assert found["faults"] == []
    assert found["kills"] >= 3


@pytest.mark.long
@pytest.mark.parametrize("scenario", ["several", "operations"])
def test_a_kill_before_every_fourth_statement_changes_nothing_in_the_end(
    scenario: str, database: Scratch, moments: Any
) -> None:
    found = enumerate_statements(database, scenario, moments.randrange(1, 5), 4, batch_size=150)

    assert found["faults"] == []
    assert found["kills"] >= 100


@pytest.mark.long
@pytest.mark.parametrize("scenario", ["updating", "transforming", "creating", "deleting", "recording"])
def test_a_kill_before_every_tenth_statement_changes_nothing_in_the_end(
    scenario: str, database: Scratch, moments: Any
) -> None:
    found = enumerate_statements(database, scenario, moments.randrange(1, 10), 10, batch_size=150)

    assert found["faults"] == []
    assert found["kills"] >= 20
