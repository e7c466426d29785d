"""Runs for those who follow them."""

import io
from contextlib import contextmanager

from django.core.management import call_command

from reversible_migrations.models import Run
from tests.situations.running import forwards, patch_of


def migrated():
    call_command("migrate", "library", "0002", verbosity=0, stdout=io.StringIO(), stderr=io.StringIO())


def run_of(action=lambda: None):
    """Return the newest run and its steps, after ``action``."""
    action()
    run = Run.objects.order_by("pk").last()
    return run, list(run.steps.all())


def failing_with(function):
    """Apply a patch that calls ``function`` with every book; return the error it ends with."""
    patch = patch_of(lambda apps, patch: patch.transform(book_model().objects.all(), function, fields=["title"]))
    try:
        forwards(patch)
    except Exception as error:
        return error
    raise AssertionError("it did not fail")


def book_model():
    from tests.management.library.models import Book

    return Book


@contextmanager
def followed(watcher):
    """Yield the runs that ``watcher`` follows inside the block, in order."""
    seen = []
    before = watcher.watched

    def noted(run, using):
        found = before(run, using)
        if found is not None:
            seen.append(run.pk)
        return found

    watcher.watched = noted
    try:
        yield seen
    finally:
        del watcher.watched
