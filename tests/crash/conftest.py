"""Scratch databases on the server that the run's settings name, and the seed of what is random."""

import itertools
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.crash.databases import PostgreSQLScratch, Scratch, SQLiteScratch

MEDICINES = 200
STANDARD_SERVER = "postgres://postgres@127.0.0.1:5432/postgres"

numbers = itertools.count(1)


def on_postgresql() -> bool:
    return settings.DATABASES["default"]["ENGINE"].endswith("postgresql")


def server_url() -> str:
    return os.environ.get("POSTGRESQL_URL", STANDARD_SERVER).replace("postgres://", "postgresql://", 1)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratch]:
    """A database with the rows that every scenario starts from."""
    database = empty_database(tmp_path_factory.mktemp("crash"))
    try:
        database.prepare(MEDICINES)
        yield database
    finally:
        database.drop()


def empty_database(folder: Path) -> Scratch:
    if not on_postgresql():
        return SQLiteScratch(folder / "template.sqlite3")
    database = PostgreSQLScratch(server_url(), f"rm_crash_{os.getpid()}")
    database.create()
    return database


@pytest.fixture
def database(template: Scratch) -> Iterator[Scratch]:
    """A copy of the template for one test."""
    copied = template.copy(f"copy{next(numbers)}")
    try:
        yield copied
    finally:
        copied.drop()


@pytest.fixture
def moments(request: pytest.FixtureRequest) -> random.Random:
    """When to kill. CRASH_SEED repeats a seed that a failed test has printed."""
    seed = os.environ.get("CRASH_SEED") or str(random.SystemRandom().randrange(10**9))
    print(f"CRASH_SEED={seed}")  # pytest shows it if the test fails
    return random.Random(f"{seed} {request.node.name}")


@pytest.fixture
def postgresql() -> None:
    if not on_postgresql():
        pytest.skip("a matter of PostgreSQL")
