"""Runs in the ledger with a history that a test makes up, by a clock of its own."""

import datetime

from reversible_migrations.models import Event, Run, Step

NOON = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)


def at(seconds):
    return NOON + datetime.timedelta(seconds=seconds)


def run_with(*events, **facts):
    """Return a run that began at noon, with its events, each ``(seconds, kind, text, facts)``."""
    run = Run.objects.create(
        app="library", name="0002_prices", direction="forwards", started_at=NOON, **{"status": "running", **facts}
    )
    tell(run, *events)
    return run


def tell(run, *events):
    Event.objects.bulk_create(
        Event(run=run, at=at(seconds), kind=kind, text=text, facts=facts) for seconds, kind, text, facts in events
    )


def status(seconds, name, text=""):
    return seconds, "status", text, {"status": name}


def tick(seconds, seen, step=1, **facts):
    return seconds, "progress", "", {"step": step, "seen": seen, "rows": seen, **facts}


def step_of(run, number=1, **facts):
    return Step.objects.create(
        run=run, number=number, operation=0, ordinal=number, kind="update", model="library.Book", **facts
    )
