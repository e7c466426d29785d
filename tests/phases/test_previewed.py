"""``preview_patch`` of a migration in phases: its data phase, once what it needs is prepared."""

import json

import pytest
from django.db import connection

from reversible_migrations.models import Run
from tests.management.conftest import command
from tests.phases.conftest import phased, table
from tests.situations.running import killed_at

pytestmark = pytest.mark.usefixtures("depot")


def previewed():
    """Return the preview, after a look whether anything was changed by it."""
    before = table(), list(Run.objects.order_by("pk").values())
    found = json.loads(command("preview_patch", "depot", "0002", "--rows", "2", "--json"))["preview"]
    assert (table(), list(Run.objects.order_by("pk").values())) == before
    return found


def shown(step):
    return [(row["before"]["full"], row["after"]["full"]) for found in step["tables"] for row in found["rows"]]


def filled():
    with connection.cursor() as cursor:
        cursor.execute('SELECT count("full") FROM depot_person')
        return cursor.fetchone()[0]


def test_before_it_is_prepared_it_says_what_to_run_first():
    found = previewed()

    assert found["steps"] == []
    assert "Add field full to person. For what is behind it, run" in found["stopped"]
    assert "migrate_phased depot 0002_full_name --phase prepare" in found["stopped"]


def test_prepared_its_data_is_shown_until_the_next_change_of_the_schema():
    phased("0002", "--phase", "prepare", verbosity=0)

    found = previewed()

    assert [shown(step) for step in found["steps"]] == [[(None, "Ada Lovelace"), (None, "Grace Hopper")]]
    assert found["stopped"] == "a preview does not run this operation: Alter field full on person"
    assert found["error"] == ""


def test_interrupted_what_is_left_is_shown():
    phased("0002", "--phase", "prepare", verbosity=0)
    statement = 20
    while not filled():
        assert killed_at(statement, phased, "0002", "--phase", "migrate_data")
        statement += 1
    assert filled() == 2

    (step,) = previewed()["steps"]

    assert shown(step) == [(None, "Mary Shelley"), (None, "Emmy Noether")]


def test_its_data_done_that_is_said():
    phased("0002", "--phase", "migrate_data", verbosity=0)

    (step,) = previewed()["steps"]

    assert step["note"].startswith("done by run ")
