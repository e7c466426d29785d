"""
Run everything `make test` promises, and say at the end what was not run.

    python -m tools.run_tests            format, lint, types, layers, tests on SQLite and PostgreSQL,
                                         and on the other Pythons of this machine
    python -m tools.run_tests --crash    the long crash tests on SQLite and PostgreSQL
    python -m tools.run_tests --strict   fail if the tests on PostgreSQL or in a browser could not run

All steps run even when one fails. A few failing tests are tried once more, alone, and named. Exit status 1 when a
step failed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools import chromium, interpreters, postgresql
from tools.steps import NotRun, Outcome, Step, exit_status, run_step, run_tests, summary

PYTHON = sys.executable
LINT_IMPORTS = str(Path(PYTHON).with_name("lint-imports"))  # it cannot be run with -m
# Three on two cores: many tests wait for processes of theirs, for locks and for clocks.
PYTEST = (PYTHON, "-m", "pytest", "--numprocesses=3")
# They take longer than a hanging test may, and a dump of the threads of one that works can end its interpreter.
LONG = ("-m", "long", "--numprocesses=2", "-o", "faulthandler_timeout=0")
CRASH_TESTS = (PYTHON, "-m", "pytest", "tests/crash", "tests/properties", "tests/phases", *LONG)
# Kills at six times as many moments as in `make test`.
WITH_KILLS = ("tests/operations", "tests/online", "tests/retire", "tests/phases", "tests/journal")
KILL_TESTS = (*PYTEST, *WITH_KILLS, "-k", "killed or either_end", "-o", "faulthandler_timeout=0")
MANY_MOMENTS = {"KILL_TIMES": "6"}
NO_VARIABLES: Mapping[str, str] = {}
SLOW = ("browser", "crash", "properties", "docs")  # run on one Python, on each database
# What a kill leaves is the database's affair, not the interpreter's.
NOT_KILLED = ("-k", "not killed and not either_end and not any_way")
BETWEEN = ("tests/authoring", "tests/lint", "tests/operations", "tests/test_packaging.py", "tests/test_sql.py")
ON_SQLITE = "--ds=tests.settings.sqlite"
ON_POSTGRESQL = "--ds=tests.settings.postgresql"
# Not the tests' own apps: some of their migrations are wrong on purpose.
APPS = ("reversible_migrations", "flights")
MAKEMIGRATIONS = (PYTHON, "manage.py", "makemigrations", "--settings=tests.settings.sqlite")

CODE_STEPS = [
    Step("format", [(PYTHON, "-m", "ruff", "format", "--check", ".")]),
    Step("lint", [(PYTHON, "-m", "ruff", "check", ".")]),
    Step("types", [(PYTHON, "-m", "mypy")]),
    Step("layers", [(LINT_IMPORTS, "--no-logo")]),
    Step("models match their migrations", [(*MAKEMIGRATIONS, "--check", "--dry-run", *APPS)]),
]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.run_tests", description="Run the tests.")
    parser.add_argument("--crash", action="store_true", help="run the long crash tests only")
    parser.add_argument("--strict", action="store_true", help="fail if PostgreSQL or the browser could not run")
    options = parser.parse_args()

    results = list(crash_tests() if options.crash else all_tests())
    print(summary(results, strict=options.strict))
    return exit_status(results, strict=options.strict)


def all_tests() -> Iterator[Outcome | NotRun]:
    for step in CODE_STEPS:
        yield run_step(step)
    yield from missing_browser()
    yield run_tests(Step("tests on SQLite", [(*PYTEST, ON_SQLITE)]))
    yield on_postgresql("tests on PostgreSQL", (*PYTEST, ON_POSTGRESQL))
    yield from on_other_pythons()


def crash_tests() -> Iterator[Outcome | NotRun]:
    yield run_tests(Step("kills at many moments on SQLite", [(*KILL_TESTS, ON_SQLITE)], MANY_MOMENTS))
    yield on_postgresql("kills at many moments on PostgreSQL", (*KILL_TESTS, ON_POSTGRESQL), MANY_MOMENTS)
    yield run_tests(Step("crash tests on SQLite", [(*CRASH_TESTS, ON_SQLITE)]))
    yield on_postgresql("crash tests on PostgreSQL", (*CRASH_TESTS, ON_POSTGRESQL))


def missing_browser() -> Iterator[NotRun]:
    """Provide a browser; where there is none, the tests in tests/browser skip themselves, and the summary says so."""
    try:
        print(f"\nBrowser: {chromium.provided()}", flush=True)
    except chromium.NoBrowser as reason:
        yield NotRun("tests in a browser", str(reason), needed_when_strict=True)


def on_postgresql(name: str, command: tuple[str, ...], variables: Mapping[str, str] = NO_VARIABLES) -> Outcome | NotRun:
    try:
        with postgresql.server() as url:
            print(f"\nPostgreSQL: {postgresql.described(url)}", flush=True)
            return run_tests(Step(name, [command], {"POSTGRESQL_URL": url, **variables}))
    except postgresql.NoServer as reason:
        return NotRun(name, str(reason), needed_when_strict=True)


def on_other_pythons() -> Iterator[Outcome | NotRun]:
    """
    The suite on SQLite, without its slow folders and its kills, on every other Python: Django 6.1 from 3.12 on.

    All of it on the newest of them, ``BETWEEN`` on the others.
    """
    *between, newest = interpreters.other_versions()
    for version in (*between, newest):
        name = f"tests on Python {version}" if version == newest else f"some of the tests on Python {version}"
        interpreter = interpreters.find(version)
        if interpreter is None:
            yield NotRun(name, f"there is no python{version} here")
            continue
        environment = interpreters.Environment(version, interpreter)
        ignored = [f"--ignore=tests/{folder}" for folder in SLOW]
        chosen = BETWEEN if version in between else ()
        pytest = (str(environment.python), *PYTEST[1:], ON_SQLITE, *NOT_KILLED, *ignored, *chosen)
        yield run_tests(Step(name, [*environment.commands_to_make_it(), pytest]))


if __name__ == "__main__":
    sys.exit(main())
