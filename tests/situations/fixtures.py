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
        ledger = [
            quote(f"reversible_migrations_{name}")
            for name in (
                "conflictingrow", "quarantinedrow", "keyrange", "wish", "timing", "alert", "event", "journaltable",
                "step", "order", "run", "verification",
            )
        ]  # fmt: skip
        filled = _filled(cursor, [*tables(), *ledger])
        if connection.vendor == "postgresql":
            if filled:
                cursor.execute(f"TRUNCATE {', '.join(filled)} RESTART IDENTITY CASCADE")
            return
        cursor.execute("PRAGMA foreign_keys = OFF")
        for table in filled:
            cursor.execute(f"DELETE FROM {table}")
        cursor.execute("DELETE FROM sqlite_sequence")
        cursor.execute("PRAGMA foreign_keys = ON")


def _filled(cursor, names):
    """Return those of the quoted tables that have rows, found with one query."""
    shown = [f"(SELECT count(*) FROM (SELECT 1 FROM {name} LIMIT 1) AS t)" for name in names]
    cursor.execute(f"SELECT {', '.join(shown)}")
    return [name for name, count in zip(names, cursor.fetchone(), strict=True) if count]


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
