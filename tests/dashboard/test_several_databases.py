"""The list has the runs of every database with a ledger, and says which one did not answer."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from reversible_migrations.models import Run
from reversible_migrations.run_list import PAGE_SIZE, Wanted, read_list
from reversible_migrations.states import Direction, RunStatus
from tests.situations.fixtures import shop, transactional_db

__all__ = ["shop", "transactional_db"]


@pytest.fixture
def archive(shop, tmp_path):
    """The file of a second database, with a ledger of its own."""
    path = tmp_path / "archive.sqlite3"
    connections.settings["archive"] = {
        **connections.settings["default"],
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {},
    }
    call_command("migrate", "reversible_migrations", database="archive", verbosity=0)
    yield path
    connections["archive"].close()
    del connections["archive"], connections.settings["archive"]


def add(alias, number, status=RunStatus.DONE):
    began = timezone.now() - timedelta(days=1) + timedelta(minutes=number)
    run = Run(app="shop", name=f"{number:04}_change", status=status, direction=Direction.FORWARDS, started_at=began)
    run.save(using=alias)


def test_runs_of_several_databases_are_merged_by_when_they_began(archive):
    for number in range(2 * PAGE_SIZE):
        add(("default", "archive")[number % 2], number)

    pages = [read_list(Wanted(page=page)) for page in (1, 2)]

    names = [each.run.name for page in pages for each in page.past]
    assert names == [f"{number:04}_change" for number in reversed(range(2 * PAGE_SIZE))]
    assert {each.alias for each in pages[0].past} == {"default", "archive"}


def test_one_database_is_shown_where_one_is_asked_for(archive):
    add("default", 1)
    add("archive", 2)
    add("archive", 3, RunStatus.FAILED)

    found = read_list(Wanted(database="archive"))

    assert [(each.alias, each.run.name) for each in [*found.stopped, *found.past]] == [
        ("archive", "0003_change"),
        ("archive", "0002_change"),
    ]
    assert found.aliases == ["default", "archive"]


def test_databases_that_are_not_watched_are_left_out(archive, settings):
    add("archive", 1)
    settings.REVERSIBLE_MIGRATIONS = {"WATCHED_DATABASES": ["default"]}

    found = read_list(Wanted())

    assert (found.aliases, found.past) == (["default"], [])


def test_a_database_that_does_not_answer_is_named_and_the_others_are_shown(archive):
    add("default", 1)
    connections["archive"].close()
    archive.write_bytes(b"no database at all " * 100)

    found = read_list(Wanted())

    assert found.silent == ["archive"]
    assert [each.run.name for each in found.past] == ["0001_change"]
