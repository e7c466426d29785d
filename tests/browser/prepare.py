"""Makes a template database and prints who may enter; run in a process of its own, because it migrates."""

import json

from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client

from tests.crash.stock import fill
from tests.dashboard import ledger

MEDICINES = 200
APPS = ("contenttypes", "auth", "sessions", "admin", "reversible_migrations")
PASSWORD = "only for the tests"


def begin() -> None:
    for app in APPS:
        call_command("migrate", app, verbosity=0)
    call_command("migrate", "crash", "0001", verbosity=0)
    fill(MEDICINES)
    acting = ("view_run", "control_run", "undo_run")
    people = {"watcher": ("view_run",), "stranger": (), "ada": acting, "grace": acting}
    people["auditor"] = (*acting, "view_rows")
    print(json.dumps({name: session_of(name, *permissions) for name, permissions in people.items()}))


def session_of(name: str, *permissions: str) -> str:
    """Add somebody of the staff and return the key of a session of his."""
    user = User.objects.create_user(name, password=PASSWORD, is_staff=True)
    known = Permission.objects.filter(content_type__app_label="reversible_migrations")
    user.user_permissions.set(known.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


def years() -> None:
    """Add runs of every kind, as a list looks after years of migrations."""
    ledger.many(20)
    facts = {"owner": ledger.GONE, "phase": 2}
    reason = "replica_lag at 8 s of 6 s"
    ledger.measured(ledger.run("0002_full_name", "running", app="people", rows=400_000, waiting=reason, **facts))
    ledger.run("0003_prices", "failed", app="stock", error="IntegrityError (product_sku_key)")
