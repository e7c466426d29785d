"""Real `manage.py` processes on a scratch database: started, watched through the ledger, killed, stopped."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.crash.databases import ROOT, Scratch

FORWARDS = ("manage.py", "migrate", "crash", "0002", "--verbosity=0")
BACKWARDS = ("manage.py", "migrate", "crash", "0001", "--verbosity=0")
LONGEST_SECONDS = 120


class Process:
    """A process of this test; its output is kept in a file, because nobody reads a pipe meanwhile."""

    def __init__(
        self, arguments: Sequence[str], database: Scratch, scenario: str, /, *, patient: bool = False, **options: Any
    ):
        self.output = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in __exit__
        environment = database.environment(scenario, json.dumps(options))
        if patient:
            environment["CRASH_PATIENT"] = "1"
        self.popen = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=self.output, stderr=subprocess.STDOUT
        )
        self.pid = self.popen.pid

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.popen.poll() is None:
            self.kill()
        self.output.close()

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.send(signal.SIGKILL)
        self.popen.wait()

    def ended(self) -> bool:
        return self.popen.poll() is not None

    def end(self) -> int:
        """Wait for the end and return the exit status."""
        return self.popen.wait(LONGEST_SECONDS)

    def said(self) -> str:
        self.output.seek(0)
        return self.output.read()


def run(arguments: Sequence[str], database: Scratch, scenario: str, **options: Any) -> None:
    """Run a process to its end; raise AssertionError with what it said if it fails."""
    with Process(arguments, database, scenario, **options) as process:
        status = process.end()
        assert status == 0, f"{' '.join(arguments)} ended with {status}:\n{process.said()}"


def wait_until(condition: Callable[[], Any], process: Process | None = None, seconds: float = LONGEST_SECONDS) -> Any:
    """Return the first true value of ``condition``; None if the process ended without one."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        over = process is not None and process.ended()
        found = condition()
        if found:
            return found
        if over:
            return None
        time.sleep(0.01)
    raise AssertionError(f"waited {seconds} s in vain; the process said:\n{process.said() if process else ''}")


def undo_of_newest(database: Scratch) -> tuple[str, ...]:
    """Return the command that undoes the newest forward run, finished or not; Django need not know of it."""
    number = database.ledger("id", "direction = 'forwards'")[-1][0]
    return ("manage.py", "safe_rollback", "crash", "--run", str(number), "--noinput")


def is_working(database: Scratch) -> bool:
    """Return whether some run is open and in the hands of a process."""
    return bool(database.ledger("id", "status = 'running' AND holds IS NOT NULL"))


def batches_done(database: Scratch) -> int:
    return int(database.query("SELECT coalesce(sum(batches), 0) FROM reversible_migrations_keyrange")[0][0])


def token(database: Scratch) -> tuple[int, int]:
    """Return what changes when a run is opened or taken over."""
    found = database.query("SELECT count(*), coalesce(sum(token), 0) FROM reversible_migrations_run")[0]
    return int(found[0]), int(found[1])


def killed_at_random(
    arguments: Sequence[str], database: Scratch, scenario: str, moments: random.Random, seconds: float, **options: Any
) -> bool:
    """
    Start a process and kill it within ``seconds`` of the moment at which it has taken a run.

    Return False if it was done before that.
    """
    before = token(database)
    with Process(arguments, database, scenario, **options) as process:
        wait_until(lambda: token(database) != before, process)
        if not process.ended():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.popen.wait(moments.uniform(0, seconds))
        alive = not process.ended()
        process.kill()
        status = process.popen.returncode
        assert status in (0, -signal.SIGKILL), f"it failed by itself with {status}:\n{process.said()}"
        return alive


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="reversible-migrations-crash-") as folder:
        yield Path(folder)
