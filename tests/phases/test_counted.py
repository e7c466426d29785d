"""What ``safe_rollback --dry-run`` tells of a migration in phases."""

import json

import pytest
from django.db import connection

from tests.management.conftest import command
from tests.phases.conftest import phased

pytestmark = pytest.mark.usefixtures("depot")


def told(*arguments):
    found = json.loads(command("safe_rollback", "depot", "0001", "--dry-run", "--json", *arguments))
    return {migration["name"]: migration for migration in found["migrations"]}


def test_rows_changed_since_are_counted_beside_its_schema_changes():
    phased("--phase", "cleanup", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE depot_person SET \"full\" = 'Ada King' WHERE first = 'Ada'")

    counted = told()["depot.0002_full_name"]

    assert (counted["rows"], counted["conflicts"], counted["notes"]) == (5, 1, [])
