"""Real servers, watchers, Redis servers and ``migrate`` processes, for the tests that watch runs."""

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.models import Permission
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from websockets.sync.client import connect

from tests.progress.test_terminal import ROOT, environment

LONGEST_SECONDS = 60
BACKEND = "django.contrib.auth.backends.ModelBackend"


class Server:
    """An ASGI server on the test's database, in a process of its own."""

    def __init__(self, **variables):
        command = [sys.executable, "-W", "default", "-m", "tests.progress.server"]
        given = environment(PYTHONWARNINGS="default", **variables)
        self.output = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in __exit__
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=given, stdout=subprocess.PIPE, stderr=self.output, text=True
        )

    def __enter__(self):
        self.port = int(self.process.stdout.readline() or self.fail())
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.communicate()
        self.output.close()

    def fail(self):
        self.process.wait()
        raise AssertionError(self.said())

    def said(self):
        self.output.seek(0)
        return self.output.read()

    def watch(self, session="", origin=None):
        """Return a connection; raise ``InvalidStatus`` where it is refused."""
        return connect(
            f"ws://127.0.0.1:{self.port}/ws/reversible-migrations/",
            additional_headers={"Cookie": f"sessionid={session}"} if session else {},
            origin=origin or f"http://127.0.0.1:{self.port}",
            open_timeout=LONGEST_SECONDS,
        )


def messages(watcher, until):
    """Return what comes until ``until`` is true of a message, with that one."""
    found = []
    end = time.monotonic() + LONGEST_SECONDS
    while not found or not until(found[-1]):
        try:
            found.append(json.loads(watcher.recv(timeout=max(0, end - time.monotonic()))))
        except TimeoutError:
            raise AssertionError(f"it did not come; these did: {found}") from None
    return found


def is_begun(message):
    return message["type"] != "snapshot"


def is_over(message):
    return message["type"] == "completion"


def migrating(**variables):
    """Start ``migrate`` on the library's second migration."""
    command = [sys.executable, "-m", "tests.management.process", "migrate", "library", "0002"]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment(**variables), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(process):
    """Wait for the end of ``process``; return what it wrote to stderr."""
    _, said = process.communicate(timeout=LONGEST_SECONDS)
    assert process.returncode == 0, said
    return said


class RedisServer:
    """A Redis server of this test's own."""

    def __enter__(self):
        if shutil.which("redis-server") is None:
            pytest.skip("there is no redis-server here")
        self.folder = tempfile.TemporaryDirectory(prefix="rm-redis-")
        self.path = Path(self.folder.name) / "redis.sock"
        self.url = f"unix://{self.path}"
        self.start()
        return self

    def __exit__(self, *exception):
        self.stop()
        self.folder.cleanup()

    def start(self):
        options = ["--port", "0", "--unixsocket", str(self.path), "--save", "", "--dir", self.folder.name]
        self.process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        while not self.answers():
            assert self.process.poll() is None, "redis-server has ended"
            time.sleep(0.01)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.path.unlink(missing_ok=True)

    def hang(self):
        self.process.send_signal(signal.SIGSTOP)

    def answers(self):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.path))
            return True
        return False


def user_with(permission="view_run", **facts):
    user = get_user_model().objects.create_user(**{"username": "operator", "is_staff": True, **facts})
    if permission:
        user.user_permissions.add(Permission.objects.get(codename=permission))
    return user


def session_of(user):
    """Return the key of a session of ``user``, as after a login."""
    session = SessionStore()
    session.update(
        {SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: BACKEND, HASH_SESSION_KEY: user.get_session_auth_hash()}
    )
    session.save()
    connection.close()
    return session.session_key
