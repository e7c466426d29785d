"""
`manage.py migrate_phased` is killed in every phase, in a process for each, and `safe_rollback` on the way back.

What is there in the end must be what uninterrupted phases leave, and then what there was at the start, schema and rows.
"""

import random
from typing import Any

import pytest

from tests.crash.databases import Scratch, SQLiteScratch
from tests.crash.processes import Process, killed_at_random, run

PACE: dict[str, Any] = {"BATCH_SIZE": 20, "PAUSE_SECONDS": 0.02}
PHASES = ["prepare", "migrate_data", "switch", "cleanup"]
KILLS, SECONDS = 2, 1.0
BACK = ("manage.py", "safe_rollback", "crash", "0001", "--noinput", "--verbosity=0")


def up_to(phase: str) -> tuple[str, ...]:
    return ("manage.py", "migrate_phased", "crash", "0002", "--phase", phase, "--verbosity=0")


def back_to(phase: str) -> tuple[str, ...]:
    return ("manage.py", "safe_rollback", "crash", "--to-phase", phase, "--noinput", "--verbosity=0")


def everything(database: Scratch) -> dict[str, Any]:
    """Return rows, columns, constraints and indexes of the tables, without what is out of use."""
    found = {}
    for table, rows in database.rows().items():
        found[table] = [sorted(value for value in row if not str(value).startswith("rm_retired_")) for row in rows]
        found[f"shape of {table}"] = shape(database, table)
    return found


def shape(database: Scratch, table: str) -> list[Any]:
    if isinstance(database, SQLiteScratch):
        columns = database.query(f"SELECT name, type, \"notnull\" FROM pragma_table_xinfo('{table}') ORDER BY name")
        indexes = f"SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = '{table}' AND sql IS NOT NULL"
        return [*columns, *sorted(database.query(indexes))]
    return database.query(
        "SELECT attname::text, format_type(atttypid, atttypmod), attnotnull::text FROM pg_attribute"
        f" WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped AND attname NOT LIKE 'rm\\_%'"
        f" UNION ALL SELECT indexname, indexdef, '' FROM pg_indexes WHERE tablename = '{table}'"
        " AND indexname NOT LIKE 'rm\\_%' UNION ALL SELECT conname, pg_get_constraintdef(oid), convalidated::text"
        f" FROM pg_constraint WHERE conrelid = '{table}'::regclass AND conname NOT LIKE 'rm\\_%' ORDER BY 1, 2"
    )


def killed(arguments: tuple[str, ...], database: Scratch, moments: random.Random, kills: int) -> int:
    """Kill processes, then let one come to its end; return how many were killed."""
    for number in range(kills):
        if not killed_at_random(arguments, database, "phased", moments, SECONDS, **PACE):
            return number
    run(arguments, database, "phased", **PACE)
    return kills


@pytest.fixture(scope="module")
def ends(template: Scratch) -> dict[str, Any]:
    """What is there at the start, and behind each phase when nothing happens."""
    database = template.copy("quiet_phases")
    try:
        found = {"": everything(database)}
        for phase in PHASES:
            run(up_to(phase), database, "phased", **PACE)
            found[phase] = everything(database)
        return found
    finally:
        database.drop()


@pytest.mark.parametrize("times", [pytest.param(1, id="quick"), pytest.param(8, id="long", marks=pytest.mark.long)])
def test_killed_in_every_phase_and_on_the_way_back(
    times: int, database: Scratch, ends: dict[str, Any], moments: random.Random
) -> None:
    count = 0
    for _ in range(times):
        for phase in PHASES:
            count += killed(up_to(phase), database, moments, KILLS if phase != "prepare" else 1)
            assert everything(database) == ends[phase], phase
        assert database.is_recorded()

        count += killed(back_to("prepare"), database, moments, KILLS)
        assert everything(database) == ends["prepare"]
        assert not database.is_recorded()

        count += killed(up_to("cleanup"), database, moments, 1)
        assert everything(database) == ends["cleanup"]
        count += killed(BACK, database, moments, KILLS)
        assert everything(database) == ends[""]
    assert count >= times, "hardly a process was killed: they were done too soon"


def test_two_deploys_at_once_do_everything_once(database: Scratch, ends: dict[str, Any]) -> None:
    first = Process(up_to("cleanup"), database, "phased", patient=True, **PACE)
    second = Process(up_to("cleanup"), database, "phased", patient=True, **PACE)
    with first, second:
        statuses = sorted([first.end(), second.end()])
        said = first.said() + second.said()

    assert statuses in ([0, 0], [0, 1]), said
    assert statuses == [0, 0] or "is being run forwards by process" in said
    assert everything(database) == ends["cleanup"]
    phases = database.ledger("phase", "direction = 'forwards'")
    assert sorted(phases) == [(1,), (2,), (3,), (4,)]
