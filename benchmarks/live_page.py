"""
The example project served on this database, with its page of runs: ``python -m benchmarks.live_page``.

It says its address, and the session of somebody of the staff who may look at runs.
"""

import json
import os
import socket

import django
import uvicorn

NAME = "watcher"


def session() -> str:
    """Make the tables that a login needs, and return the key of a session."""
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client

    for app in ("contenttypes", "auth", "sessions", "admin"):
        call_command("migrate", app, verbosity=0)
    user, _ = User.objects.get_or_create(username=NAME, is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings.postgresql")
    django.setup()
    key = session()
    with socket.create_server(("127.0.0.1", 0), backlog=1_000) as listening:
        print(json.dumps([f"http://127.0.0.1:{listening.getsockname()[1]}", key]), flush=True)
        config = uvicorn.Config("project.asgi:application", lifespan="off", log_level="warning")
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
