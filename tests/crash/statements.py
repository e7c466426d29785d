"""
Kill a scenario before every one of its statements, in processes forked from one prepared process.

    python -m tests.crash.statements FIRST STEP LAST

For each N of range(FIRST, LAST + 1, STEP): migrate, killed before its Nth statement; migrate on to the end; undo,
killed before its Nth statement; undo to the end. Then the same with the unfinished run undone, instead of gone on
with. What is committed changes with a statement only, so N = 1, 2, 3 ... meets every state there is.

Prints a JSON object: the number of kills, and each fault found with its N.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

import django
from django.db import connection, connections

Action = Callable[[], None]
KILLED = -signal.SIGKILL


class KillBefore:
    """An execute wrapper that ends its process like a power cut, before statement ``number``."""

    def __init__(self, number: int):
        self.number = number

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.number -= 1
        if self.number == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)


def in_a_child(action: Action, kill_before: int = 0) -> int:
    """Do ``action`` in a forked process; return its exit status, KILLED if it came to that statement."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if kill_before:
                connection.execute_wrappers.append(KillBefore(kill_before))
            action()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def migrate(target: str) -> Action:
    def action() -> None:
        from django.core.management import call_command

        call_command("migrate", "crash", target, verbosity=0)

    return action


class Enumeration:
    """The kills of one scenario on one database, and what they found."""

    def __init__(self, database: Any) -> None:
        from tests.crash.undo_unfinished import undo_unfinished

        self.database = database
        self.start = database.rows()
        self.forwards, self.backwards, self.undo = migrate("0002"), migrate("0001"), undo_unfinished
        self.must(self.forwards, "forwards")
        self.end = database.rows()
        self.must(self.backwards, "backwards")
        self.kills = 0
        self.faults: list[str] = []
        self.check("before any kill", self.start, forwards=False)

    def seen(self) -> Any:
        from tests.crash.databases import without_own_keys

        return without_own_keys(self.database.rows())

    def must(self, action: Action, what: str) -> None:
        if in_a_child(action) != 0:
            raise SystemExit(f"{what} failed without any kill")

    def check(self, when: str, expected: Any, forwards: bool) -> None:
        from tests.crash.databases import without_own_keys

        now, expected = self.seen(), without_own_keys(expected)
        if now != expected:
            differing = [table for table in expected if now[table] != expected[table]]
            self.faults.append(f"{when}: the rows of {', '.join(differing)} differ")
        if self.database.leftover_triggers():
            self.faults.append(f"{when}: triggers are left: {self.database.leftover_triggers()}")
        if self.database.is_recorded() != forwards:
            self.faults.append(f"{when}: Django has it recorded as {'un' * forwards}applied")
        held = self.database.ledger("id, direction, status", "holds IS NOT NULL")
        if held:
            self.faults.append(f"{when}: runs are left open: {held}")

    def killed(self, action: Action, number: int) -> bool:
        status = in_a_child(action, number)
        if status not in (0, KILLED):
            self.faults.append(f"killed before statement {number}: it failed by itself")
        self.kills += status == KILLED
        return status == KILLED

    def on(self, action: Action, when: str) -> None:
        if in_a_child(action) != 0:
            self.faults.append(f"{when}: it does not go on")

    def gone_on_with(self, number: int) -> bool:
        """Kill both ways at ``number`` and go on; return whether either was killed."""
        forwards = self.killed(self.forwards, number)
        self.on(self.forwards, f"forwards, killed before statement {number}")
        self.check(f"forwards, killed before statement {number}", self.end, forwards=True)
        backwards = self.killed(self.backwards, number)
        self.on(self.backwards, f"backwards, killed before statement {number}")
        self.check(f"backwards, killed before statement {number}", self.start, forwards=False)
        return forwards or backwards

    def undone_unfinished(self, number: int) -> None:
        """Kill the run at ``number``; undo what there is of it, killed before as many statements again."""
        when = f"unfinished, killed before statement {number}"
        if not self.killed(self.forwards, number) or not self.has_unfinished():
            self.on(self.forwards, when)
            self.on(self.backwards, when)
            return
        self.killed(self.undo, 1 + number * 7 % 60)
        self.on(self.undo, when)
        self.check(when, self.start, forwards=False)

    def has_unfinished(self) -> bool:
        return bool(self.database.ledger("id", "holds IS NOT NULL"))


def main(first: int, step: int, last: int) -> None:
    from tests.crash.databases import PostgreSQLScratch, SQLiteScratch

    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        database: Any = SQLiteScratch(settings["NAME"])
    else:
        database = PostgreSQLScratch(os.environ["POSTGRESQL_URL"], settings["NAME"])
    enumeration = Enumeration(database)
    for number in range(first, last + 1, step):
        if not enumeration.gone_on_with(number) or len(enumeration.faults) > 20:
            break
        enumeration.undone_unfinished(number)
    print(json.dumps({"kills": enumeration.kills, "faults": enumeration.faults, "last": number}))


if __name__ == "__main__":
    django.setup()
    main(*map(int, sys.argv[1:]))
