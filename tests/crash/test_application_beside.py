"""
An application counts in the very rows and columns that a patch changes and that its undo restores.

No count of the application may be lost, and the conflicts listed are exactly the rows that kept the patch's value.
"""

from __future__ import annotations

import itertools
import random
import sqlite3
import threading
import time
from collections import Counter
from typing import Any

import psycopg

from tests.crash.conftest import MEDICINES
from tests.crash.databases import Scratch, SQLiteScratch
from tests.crash.processes import BACKWARDS, FORWARDS, Process, run

ADDED = 1_000_000  # what the scenario `beside` adds to `sold`
PACE: dict[str, Any] = {"BATCH_SIZE": 10, "PAUSE_SECONDS": 0.03}
WRITERS = 3
NEW_ROWS_FROM = 1_000_000  # keys of rows that the application creates
NEW_KEYS = itertools.count(NEW_ROWS_FROM)


class Application(threading.Thread):
    """One connection that counts, creates and deletes rows until it is told to stop; it knows what was committed."""

    def __init__(self, database: Scratch, choice: random.Random):
        super().__init__(daemon=True)
        self.database, self.choice = database, choice
        self.counted: Counter[int] = Counter()
        self.created: set[int] = set()
        self.stopping = threading.Event()
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            connection = self.connect()
            while not self.stopping.is_set():
                self.choice.choice([self.count, self.count, self.count, self.create, self.delete])(connection)
                time.sleep(0.003)
            connection.close()
        except Exception as error:
            self.error = error

    def connect(self) -> Any:
        if isinstance(self.database, SQLiteScratch):
            return sqlite3.connect(self.database.path, timeout=60, isolation_level=None)
        return psycopg.connect(self.database.url, autocommit=True)

    def count(self, connection: Any) -> None:
        # The highest tenth of the rows is left alone.
        first, second = sorted(self.choice.sample(range(1, MEDICINES * 9 // 10), 2))
        connection.execute("BEGIN")
        for key in (first, second):
            connection.execute(f"UPDATE crash_medicine SET sold = sold + 1 WHERE id = {key}")
            time.sleep(0.001)
        connection.execute("COMMIT")
        self.counted.update((first, second))

    def create(self, connection: Any) -> None:
        key = next(NEW_KEYS)
        connection.execute(f"INSERT INTO crash_medicine (id, name, sold) VALUES ({key}, 'new', {key})")
        self.created.add(key)

    def delete(self, connection: Any) -> None:
        if self.created and self.choice.random() < 0.5:
            key = self.choice.choice(sorted(self.created))
            connection.execute(f"DELETE FROM crash_medicine WHERE id = {key}")
            self.created.discard(key)


def beside(database: Scratch, choice: random.Random, arguments: tuple[str, ...]) -> list[Application]:
    """Run a process to its end with the application at work; return its connections."""
    threads = [Application(database, random.Random(choice.random())) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        with Process(arguments, database, "beside", patient=True, **PACE) as process:
            assert process.end() == 0, process.said()
    finally:
        for thread in threads:
            thread.stopping.set()
        for thread in threads:
            thread.join()
    assert [thread.error for thread in threads] == [None] * WRITERS
    return threads


def sold(database: Scratch) -> dict[int, int]:
    return dict(database.query(f"SELECT id, sold FROM crash_medicine WHERE id < {NEW_ROWS_FROM}"))


def created_rows(database: Scratch) -> dict[int, int]:
    return dict(database.query(f"SELECT id, sold FROM crash_medicine WHERE id >= {NEW_ROWS_FROM}"))


def images(database: Scratch) -> dict[int, tuple[int, int]]:
    """Return key, before- and after-image of every journalled value of `sold`."""
    tables = database.query(
        "SELECT table_name FROM reversible_migrations_journaltable WHERE target LIKE '%crash_medicine%'"
    )
    return {
        key: (before, after)
        for (table,) in tables
        for key, before, after in database.query(f"SELECT key_id, before_sold, after_sold FROM {table}")
    }


def conflicts(database: Scratch) -> set[int]:
    found = database.query("SELECT key FROM reversible_migrations_conflictingrow WHERE target LIKE '%crash_medicine%'")
    keys = [int(str(key).strip("[]")) for (key,) in found]
    assert len(keys) == len(set(keys))
    return set(keys)


def test_nothing_that_the_application_writes_is_lost(database: Scratch, moments: random.Random) -> None:
    start = sold(database)

    during_patch = beside(database, moments, FORWARDS)

    counted = sum((thread.counted for thread in during_patch), Counter())
    assert sum(counted.values()) > 50
    patched = sold(database)
    assert patched == {key: value + counted[key] + ADDED for key, value in start.items()}
    assert all(after - before == ADDED for before, after in images(database).values())
    assert set(images(database)) >= set(start)
    for key, (before, _) in images(database).items():
        if key in start:
            assert start[key] <= before <= start[key] + counted[key]
    after_patch = {key: patched[key] - images(database)[key][1] for key in start}  # counts behind the after-image

    between = set(moments.sample(range(1, MEDICINES + 1), 15))
    for key in between:
        database.execute(f"UPDATE crash_medicine SET sold = sold + 1 WHERE id = {key}")
    counted.update(between)
    during_undo = beside(database, moments, BACKWARDS)

    counted = sum((thread.counted for thread in during_undo), counted)
    undone = sold(database)
    kept = {key for key, value in undone.items() if value >= ADDED}
    assert undone == {key: value + counted[key] + ADDED * (key in kept) for key, value in start.items()}
    assert {key for key in conflicts(database) if key in start} == kept
    surely = between | {key for key, count in after_patch.items() if count}
    possibly = surely | {key for thread in during_undo for key in thread.counted}
    assert surely <= kept <= possibly

    for key, value in created_rows(database).items():
        assert value in (key, key + ADDED)
    survivors = {key for thread in [*during_patch, *during_undo] for key in thread.created}
    assert set(created_rows(database)) <= survivors


def test_a_value_written_between_two_kills_is_not_overwritten(database: Scratch, moments: random.Random) -> None:
    start = sold(database)
    with Process(FORWARDS, database, "beside", **PACE) as process:
        time.sleep(1.0)
        process.kill()

    written = dict.fromkeys(moments.sample(range(1, MEDICINES + 1), 20), 77)
    before_the_patch = {key for key in written if sold(database)[key] < ADDED}
    for key, value in written.items():
        database.execute(f"UPDATE crash_medicine SET sold = {value} WHERE id = {key}")
    run(FORWARDS, database, "beside")

    expected = {key: written.get(key, value) + ADDED for key, value in start.items()}
    expected |= {key: value for key, value in written.items() if key not in before_the_patch}
    assert sold(database) == expected
