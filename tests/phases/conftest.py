"""The fixture ``depot``: the app's first migration is applied, and its table has five rows."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from tests.management.conftest import command
from tests.situations.fixtures import empty, transactional_db

__all__ = ["transactional_db"]

PEOPLE = [("Ada", "Lovelace"), ("Grace", "Hopper"), ("Mary", "Shelley"), ("Emmy", "Noether"), ("Lise", "Meitner")]


def clear():
    if connection.connection is not None and connection.needs_rollback:
        connection.close()
    empty()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS depot_person")
    MigrationRecorder.Migration.objects.filter(app="depot").delete()


@pytest.fixture
def depot(transactional_db, settings):
    settings.MIGRATION_MODULES = {**settings.MIGRATION_MODULES, "depot": "tests.phases.depot.phased"}
    clear()
    call_command("migrate", "depot", "0001", verbosity=0)
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO depot_person (first, last) VALUES (%s, %s)", PEOPLE)
    yield
    clear()


def phased(*arguments, **options):
    """Run ``migrate_phased`` on the depot; return what it wrote."""
    return command("migrate_phased", "depot", *arguments, **options)


def applied():
    names = MigrationRecorder.Migration.objects.filter(app="depot").order_by("name")
    return [name[:4] for name in names.values_list("name", flat=True)]


def table():
    """
    Return the columns (name, whether NULL is allowed), the names of the indexes, and the rows of the table.

    Columns are in the order of their names: SQLite makes tables anew, with the changed column at another place.
    """
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, "depot_person")
        constraints = connection.introspection.get_constraints(cursor, "depot_person")
        names = sorted(column.name for column in described)
        cursor.execute(f"SELECT {', '.join(map(connection.ops.quote_name, names))} FROM depot_person ORDER BY id")
        rows = cursor.fetchall()
    indexes = sorted(name for name, facts in constraints.items() if facts["index"] and not facts["primary_key"])
    return sorted((column.name, bool(column.null_ok)) for column in described), indexes, rows


def columns():
    return [name for name, _ in table()[0]]
