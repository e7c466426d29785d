"""Faults, planted by plain SQL in the database of the tests, and what verification says of them."""

from contextlib import contextmanager

from django.core.management.color import no_style
from django.db import connection

from reversible_migrations.verification import verify
from tests.management.library.models import Book, Note


def run_sql(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@contextmanager
def planted(*statements, cure):
    """Execute ``statements``; afterwards ``cure``, a list of others, whatever happens."""
    try:
        run_sql(*statements)
        yield
    finally:
        connection.rollback() if not connection.get_autocommit() else None
        run_sql(*cure)


def found(check, *, level=None, **options):
    """Return the findings of one check, of ``level`` or of all levels, as "where: message"."""
    (result,) = [each for each in verify("default", **options).results if each.name == check]
    return [f"{f.where}: {f.message}" for f in result.findings if level in (None, f.level)]


def result_of(check, **options):
    (result,) = [each for each in verify("default", **options).results if each.name == check]
    return result


def reset_sequences():
    """Let new rows of the library get new keys, whatever keys its rows have been given by hand."""
    run_sql(*connection.ops.sequence_reset_sql(no_style(), [Book, Note]))
