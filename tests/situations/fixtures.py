"""The fixture ``shop``: the situations' tables, empty before and after, on a connection outside any transaction."""

import pytest
from django.db import connection

from .snapshots import journal_tables, leftovers, tables


def empty():
    """Remove all rows, journals and runs, and start the sequences anew."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        for name in journal_tables():
            cursor.execute(f"DROP TABLE IF EXISTS {quote(name)}")
        ledger = [quote(f"reversible_migrations_{name}") for name in ("conflictingrow", "quarantinedrow")]
        ledger += [quote(f"reversible_migrations_{name}") for name in ("event", "journaltable", "step", "run")]
        if connection.vendor == "postgresql":
            filled = [t for t in [*tables(), *ledger] if _has_rows(cursor, t)]
            if filled:
                cursor.execute(f"TRUNCATE {', '.join(filled)} RESTART IDENTITY CASCADE")
            return
        cursor.execute("PRAGMA foreign_keys = OFF")
        for table in [*tables(), *ledger]:
            if _has_rows(cursor, table):
                cursor.execute(f"DELETE FROM {table}")
        cursor.execute("DELETE FROM sqlite_sequence")
        cursor.execute("PRAGMA foreign_keys = ON")


def _has_rows(cursor, table):
    cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table})")
    return bool(cursor.fetchone()[0])


@pytest.fixture
def transactional_db(django_db_setup, django_db_blocker):
    """
    Access to the test database without a transaction around the test: batches are transactions of their own.

    It stands in for pytest-django's fixture of this name, which empties every table after each test
    and takes ten times as long.
    """
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def shop(transactional_db):
    """The situations' tables, empty at the start and at the end."""
    empty()
    yield
    left = leftovers() if connection.is_usable() and not connection.needs_rollback else []
    connection.close()  # with whatever the test has set on it
    empty()
    assert left == [], "triggers of a recording were left behind"
