"""
Serve the example project: Django's admin and live runs, on SQLite, at http://127.0.0.1:8000.

    python -m project.serve            serve; the first time, make the database and a user
    python -m project.serve --watch    in another terminal: run a patch slowly, or undo it, to have something to watch

The database is ``.demo/serve.sqlite3``; remove it to begin anew. Redis is used where ``REDIS_URL`` names one.
"""

import argparse
import json
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

import django

PROJECT = Path(__file__).resolve().parents[1]
APP = "flights"
BEFORE_THE_PATCHES, WATCHED_PATCH = "0002", "0003"
USER = "admin"
SLOW = {"BATCH_SIZE": 4_000, "PAUSE_SECONDS": 0.4}  # about a minute for 336,776 flights


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C, or run the patch, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m project.serve", description=__doc__.splitlines()[1])
    parser.add_argument("--watch", action="store_true", help="run a patch slowly, or undo it if it was run")
    parser.add_argument("--port", type=int, default=8000, help="port of 127.0.0.1 (8000)")
    parser.add_argument("--folder", type=Path, default=PROJECT / ".demo", help="where the database file goes")
    options = parser.parse_args(arguments)
    set_up(options.folder.resolve(), is_slow=options.watch)
    try:
        run_the_patch() if options.watch else serve(options.port)
    except KeyboardInterrupt:
        print("\nStopped. Nothing is lost: the same command goes on from there.", flush=True)
        return 130
    return 0


def set_up(folder: Path, *, is_slow: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["DEMO_DATABASE"] = str(folder / "serve.sqlite3")
    os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings.sqlite"
    if is_slow:
        os.environ.setdefault("REVERSIBLE_MIGRATIONS", json.dumps(SLOW))
    django.setup()


def serve(port: int) -> None:
    """Make what is missing, say what to open and type, and serve."""
    import uvicorn

    make_the_database()
    make_the_user()
    print(f"\nOpen http://127.0.0.1:{port}/admin/ and log in. Ctrl-C stops the server.")
    print("For something to watch, type in another terminal: make watch-patch\n", flush=True)
    uvicorn.run("project.asgi:application", host="127.0.0.1", port=port, log_level="warning")


def make_the_database() -> None:
    """Make the tables, and fill those of the flights unless there are rows."""
    from django.apps import apps
    from django.core.management import call_command

    from project.flights.loading import load
    from project.flights.models import Airline

    for config in apps.get_app_configs():
        if config.label != APP and any(config.get_models()):
            call_command("migrate", config.label, verbosity=0)
    if not has_table(Airline._meta.db_table):
        call_command("migrate", APP, BEFORE_THE_PATCHES, verbosity=0)
    if not Airline.objects.exists():
        print("Loading every flight that left New York City in 2013 (once, about ten seconds) ...", flush=True)
        load()


def has_table(name: str) -> bool:
    from django.db import connection

    return name in connection.introspection.table_names()


def make_the_user() -> None:
    """Make the user with a password of its own, which is shown this once."""
    from django.contrib.auth import get_user_model

    users = get_user_model().objects
    if users.filter(username=USER).exists():
        database = os.path.relpath(os.environ["DEMO_DATABASE"])
        command = f"DEMO_DATABASE={database} {os.path.relpath(sys.executable)} manage.py changepassword {USER}"
        print(f"User: {USER}; the password was shown when it was made. A new one: {command}")
        return
    password = secrets.token_urlsafe(9)
    users.create_superuser(USER, password=password)
    print(f"User: {USER}, password: {password} (shown this once)")


def run_the_patch() -> None:
    """Run the patch, or go on with it; undo it where it was run."""
    from django.core.management import execute_from_command_line
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    applied = MigrationRecorder(connection).applied_migrations()
    is_done = any(app == APP and name.startswith(WATCHED_PATCH) for app, name in applied)
    execute_from_command_line(["manage.py", "migrate", APP, BEFORE_THE_PATCHES if is_done else WATCHED_PATCH])


if __name__ == "__main__":
    sys.exit(main())
