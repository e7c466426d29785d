"""Makes a template database; run in a process of its own, because migrating needs its own settings."""

from django.core.management import call_command

from tests.crash.stock import fill


def prepare(medicines: int) -> None:
    call_command("migrate", "reversible_migrations", verbosity=0)
    call_command("migrate", "crash", "0001", verbosity=0)
    fill(medicines)
