"""Steps of a test run, how each ended, and the summary of all."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Command = Sequence[str]


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
    passed = all(_passes(command, step.variables) for command in step.commands)
    outcome = Outcome(step.name, passed, time.monotonic() - start)
    print(f"-- {step.name}: {_word(outcome)} ({outcome.seconds:.1f} s)", flush=True)
    return outcome


def summary(results: Sequence[Outcome | NotRun], *, strict: bool) -> str:
    """Return one line per step with its seconds, then one line per step that was not run."""
    outcomes = [result for result in results if isinstance(result, Outcome)]
    width = max((len(outcome.name) for outcome in outcomes), default=0)
    lines = ["", "== summary"]
    lines += [f"{o.name:<{width}}  {_word(o):<6}  {o.seconds:7.1f} s" for o in outcomes]
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


def _passes(command: Command, variables: Mapping[str, str]) -> bool:
    try:
        return subprocess.run(command, env={**os.environ, **variables}).returncode == 0
    except OSError as error:
        print(f"{shlex.join(command)}: {error}")
        return False


def _word(outcome: Outcome) -> str:
    return "passed" if outcome.passed else "FAILED"
