"""How a run of all tests ends, and what its last lines say."""

import os
import sys

import pytest

from tools.steps import NotRun, Outcome, Step, exit_status, run_step, run_tests, summary

PASSED = Outcome("lint", passed=True, seconds=1.25)
FAILED = Outcome("types", passed=False, seconds=2)
NO_POSTGRESQL = NotRun("tests on PostgreSQL", "no server answered", needed_when_strict=True)
NO_PYTHON = NotRun("tests on Python 3.13", "there is no python3.13 here")


@pytest.mark.parametrize(
    ("results", "strict", "expected"),
    [
        ([PASSED], True, 0),
        ([PASSED, FAILED], False, 1),
        ([PASSED, NO_POSTGRESQL], False, 0),
        ([PASSED, NO_POSTGRESQL], True, 1),
        ([PASSED, NO_PYTHON], True, 0),
    ],
)
def test_a_strict_run_fails_without_the_tests_on_postgresql(results, strict, expected):
    assert exit_status(results, strict=strict) == expected


def test_the_last_lines_say_what_was_not_run():
    lines = summary([PASSED, NO_POSTGRESQL, FAILED, NO_PYTHON], strict=False).splitlines()

    assert lines[-4:] == [
        "lint   passed      1.2 s",
        "types  FAILED      2.0 s",
        "not run: tests on PostgreSQL (no server answered)",
        "not run: tests on Python 3.13 (there is no python3.13 here)",
    ]


def test_a_strict_run_says_what_it_may_not_do_without():
    last_line = summary([PASSED, NO_POSTGRESQL], strict=True).splitlines()[-1]

    assert last_line == "not run, but this run needs it: tests on PostgreSQL (no server answered)"


@pytest.mark.parametrize("status", [1, 2, 5])
def test_any_exit_status_but_0_fails_a_step(status):
    assert not run_step(Step("tests", [python(f"raise SystemExit({status})")])).passed


def test_a_step_stops_at_the_first_command_that_fails(tmp_path):
    trace = tmp_path / "trace"
    commands = [python("raise SystemExit(1)"), python(f"open({str(trace)!r}, 'w')")]

    outcome = run_step(Step("two commands", commands))

    assert not outcome.passed
    assert not trace.exists()


def test_a_program_that_is_missing_fails_its_step_by_name(capfd):
    assert not run_step(Step("lint", [("no-such-program",)])).passed
    assert "no-such-program" in capfd.readouterr().out


def pytest_step(folder, tests, workers=0):
    (folder / "test_some.py").write_text(tests)
    pytest_there = (
        sys.executable,
        "-m",
        "pytest",
        "--numprocesses=2",
        "-p",
        "no:django",
        "-c",
        os.devnull,
        str(folder),
    )
    return Step("tests", [pytest_there])


FAILS_ONCE = """
import pathlib

def test_that_fails_once():
    trace = pathlib.Path(__file__).with_name("trace")
    was_there = trace.exists()
    trace.touch()
    assert was_there

def test_that_passes():
    pass
"""


FAIL_ONCE_IN_NUMBERS = """
import pathlib, pytest

@pytest.mark.parametrize("number", range(6))
def test_that_fails_once(number):
    trace = pathlib.Path(__file__).with_name(f"trace-{number}")
    was_there = trace.exists()
    trace.touch()
    assert was_there
"""


def test_a_test_that_passes_at_the_second_try_passes_and_is_named(tmp_path):
    outcome = run_tests(pytest_step(tmp_path, FAILS_ONCE, workers=2))

    assert outcome.passed
    assert [name.rpartition("::")[2] for name in outcome.passed_late] == ["test_that_fails_once"]
    assert "at the second try only: " in summary([outcome], strict=True)


@pytest.mark.parametrize(
    "tests",
    ["def test_fails(): assert False", FAIL_ONCE_IN_NUMBERS, "import no_such_module"],
    ids=["always", "many", "cannot be read"],
)
def test_what_fails_always_or_at_large_fails_its_step(tmp_path, tests):
    outcome = run_tests(pytest_step(tmp_path, tests))

    assert not outcome.passed
    assert not outcome.passed_late


def python(code):
    return (sys.executable, "-c", code)
