"""
Steps of a test run, how each ended, and the summary of all.

The tests kill real processes and wait for real clocks. A few of them that fail on a crowded machine are tried once
more, alone: those that fail again fail their step, the others are named in the summary, as work to be done.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Command = Sequence[str]
TRIED_AGAIN = 5  # tests at the most; where more of them fail, it is not the clock
TESTS_FAILED = 1  # pytest's exit status; any other one is no matter of single tests


@dataclass(frozen=True)
class Step:
    """Commands run one after the other until one fails, with `variables` added to the environment."""

    name: str
    commands: Sequence[Command]
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    name: str
    passed: bool
    seconds: float
    passed_late: Sequence[str] = ()


@dataclass(frozen=True)
class NotRun:
    """A step that could not run here, and whether a strict run may do without it."""

    name: str
    reason: str
    needed_when_strict: bool = False

    def fails(self, strict: bool) -> bool:
        return strict and self.needed_when_strict


def run_step(step: Step) -> Outcome:
    """
    Run the step's commands with their output in view.

    A command passes with exit status 0; pytest's 5 (no test was found) is a failure too.
    """
    print(f"\n== {step.name}", flush=True)
    start = time.monotonic()
    passed = all(_status(command, step.variables) == 0 for command in step.commands)
    return _told(Outcome(step.name, passed, time.monotonic() - start))


def run_tests(step: Step) -> Outcome:
    """Do the same with a step whose last command is pytest: a few tests that fail are tried once more, alone."""
    print(f"\n== {step.name}", flush=True)
    start = time.monotonic()
    *before, pytest = step.commands
    with tempfile.TemporaryDirectory() as cache:
        first = (*pytest, "-o", f"cache_dir={cache}")
        passed = all(_status(command, step.variables) == 0 for command in before)
        status = _status(first, step.variables) if passed else 1
        failed = _failed_tests(Path(cache)) if passed and status == TESTS_FAILED else []
        is_tried = 0 < len(failed) <= TRIED_AGAIN
        if is_tried:
            print(f"\n-- {step.name}: once more, alone: {', '.join(failed)}", flush=True)
            again = (*first, "--last-failed", "--numprocesses=0", "--randomly-seed=last")
            status = _status(again, step.variables)
    late = failed if is_tried and status == 0 else ()
    return _told(Outcome(step.name, status == 0, time.monotonic() - start, late))


def _told(outcome: Outcome) -> Outcome:
    print(f"-- {outcome.name}: {_word(outcome)} ({outcome.seconds:.1f} s)", flush=True)
    return outcome


def _failed_tests(cache: Path) -> list[str]:
    """Return the names of the tests that pytest has noted as failed."""
    noted = cache / "v" / "cache" / "lastfailed"
    return sorted(json.loads(noted.read_text())) if noted.exists() else []


def summary(results: Sequence[Outcome | NotRun], *, strict: bool) -> str:
    """Return one line per step with its seconds, then one line per step that was not run."""
    outcomes = [result for result in results if isinstance(result, Outcome)]
    width = max((len(outcome.name) for outcome in outcomes), default=0)
    lines = ["", "== summary"]
    lines += [f"{o.name:<{width}}  {_word(o):<6}  {o.seconds:7.1f} s" for o in outcomes]
    lines += [f"at the second try only: {test} ({o.name})" for o in outcomes for test in o.passed_late]
    for missing in (result for result in results if isinstance(result, NotRun)):
        demand = ", but this run needs it" if missing.fails(strict) else ""
        lines.append(f"not run{demand}: {missing.name} ({missing.reason})")
    return "\n".join(lines)


def exit_status(results: Sequence[Outcome | NotRun], *, strict: bool) -> int:
    """Return 1 if a step failed, or if a strict run had to do without a step it needs; else 0."""
    for result in results:
        if isinstance(result, Outcome) and not result.passed:
            return 1
        if isinstance(result, NotRun) and result.fails(strict):
            return 1
    return 0


def _status(command: Command, variables: Mapping[str, str]) -> int:
    try:
        return subprocess.run(command, env={**os.environ, **variables}).returncode
    except OSError as error:
        print(f"{shlex.join(command)}: {error}")
        return 127  # as a shell has it


def _word(outcome: Outcome) -> str:
    return "passed" if outcome.passed else "FAILED"
