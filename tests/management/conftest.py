"""The fixture ``library``: five migrations of which the first is applied, and five books."""

import io

import pytest
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from tests.management.library import moments
from tests.management.library.models import Book, Note
from tests.situations.fixtures import empty, transactional_db

__all__ = ["transactional_db"]

TITLES = [" Emma ", "rare", "torn", "lost", "Ulysses"]


def clear():
    moments.clear()
    empty()
    Book.objects.all().delete()
    Note.objects.all().delete()
    MigrationRecorder.Migration.objects.filter(app="library").exclude(name="0001_initial").delete()


@pytest.fixture
def library(transactional_db, settings):
    settings.MIGRATION_MODULES = {"library": "tests.management.library.patches"}
    if connection.connection is not None and connection.needs_rollback:
        connection.close()
    clear()
    for number, title in enumerate(TITLES, start=1):
        Book.objects.create(id=number, title=title, price=number * 10)
    with connection.cursor() as cursor:  # keys that were given do not move the sequence on
        for statement in connection.ops.sequence_reset_sql(no_style(), [Book]):
            cursor.execute(statement)
    yield books
    if connection.connection is not None and connection.needs_rollback:
        connection.close()
    clear()


def books():
    """Return what is in the two tables, by keys, titles and prices."""
    return [*Book.objects.order_by("id").values_list("id", "title", "price")], sorted(
        Note.objects.values_list("text", flat=True)
    )


def command(*arguments, **options):
    """Run a command in this process, as ``manage.py`` would; return what it wrote to stdout."""
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def applied():
    """Return the names of the library's migrations that Django knows as applied."""
    names = MigrationRecorder.Migration.objects.filter(app="library").order_by("name")
    return [name[:4] for name in names.values_list("name", flat=True)]
