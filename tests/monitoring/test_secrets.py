"""
No value of a row leaves the database, whatever goes wrong and whoever watches.

Real processes migrate rows that all hold a marker, fail in every way in which an error has a row's values in its
words, and undo over rows that were changed since; all that is told of it meanwhile is searched for the marker.
"""

import http.cookiejar
import json
import os
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from contextlib import contextmanager, suppress

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.alerts.servers import http_server, smtp_server
from tests.browser.conftest import prepare
from tests.browser.server import Server
from tests.crash.conftest import on_postgresql, server_url
from tests.crash.databases import ROOT, PostgreSQLScratch, SQLiteScratch
from tests.crash.processes import LONGEST_SECONDS, wait_until

MARKER = "Quarkenstein"
MARKED = {"category": "name", "medicine": "name", "leaflet": "text", "recall": "reason"}
TOLD_TABLES = ("run", "step", "keyrange", "event", "timing", "alert", "order", "wish", "verification", "conflictingrow")
SILENT = "write_metrics"  # it writes into a file
TELLING = (
    ("migration_status", "--json"),
    ("migration_status",),
    ("migration_status", "--run", "{run}", "--json"),
    ("migration_status", "--run", "{run}"),
    ("migration_health", "--json"),
    ("verify_migrations", "--json"),
    ("watch_runs", "--json"),
    ("watch_runs", "--verify"),
)


class Watched:
    """A database of marked rows in a project that has everything on; ``said`` is what its processes said."""

    def __init__(self, database, folder, webhook, mailbox):
        self.database, self.folder = database, folder
        self.webhook, self.mailbox = webhook, mailbox
        self.said = {}

    def environment(self, scenario="spilling", options="{}", spilled=""):
        return {
            **self.database.environment("spilling", options),
            "DJANGO_SETTINGS_MODULE": "tests.monitoring.everything_on",
            "CRASH_PATIENT": "1",
            "FOLDER": str(self.folder),
            "WEBHOOK_URL": self.webhook.url,
            "SMTP_PORT": str(self.mailbox.port),
            "SPILLED": spilled,
        }

    def manage(self, *arguments, status=0, spilled="", **options):
        """Run a command to its end, which is to be with ``status``, and note what it said."""
        done = self._done(["manage.py", *arguments], spilled, options)
        said = done.stdout + done.stderr
        assert done.returncode == status, said
        self.said[f"{' '.join(arguments)} {options} {spilled}"] = said

    def tell(self, *commands):
        """Run commands that tell of runs, and note what each said."""
        done = self._done(["-m", "tests.monitoring.telling", json.dumps(commands)])
        assert done.returncode == 0, done.stderr
        self.said.update(json.loads(done.stdout))

    def _done(self, arguments, spilled="", options=None):
        environment = self.environment(options=json.dumps({"MAX_FAILED_SHARE": 1, **(options or {})}), spilled=spilled)
        return subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True,
            timeout=LONGEST_SECONDS,
        )  # fmt: skip

    def run_of(self, name, direction="forwards"):
        return self.database.ledger("id", f"name = '{name}' AND direction = '{direction}'")[-1][0]

    def mark(self):
        for table, column in MARKED.items():
            self.database.execute(f"UPDATE crash_{table} SET {column} = '{MARKER} ' || id")


class Visitor:
    """A browser of somebody who is signed in."""

    def __init__(self, server, session):
        self.url, self.session = server.url, session
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, path, **headers):
        return self._answer(path, None, headers)

    def post(self, path, **fields):
        (token,) = (cookie.value for cookie in self.jar if cookie.name == "csrftoken")
        return self._answer(path, urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": token}).encode(), {})

    def _answer(self, path, body, headers):
        request = urllib.request.Request(f"{self.url}{path}", body, headers)
        request.add_unredirected_header("Cookie", "; ".join([f"sessionid={self.session}", *self._cookies()]))
        with self.opener.open(request, timeout=LONGEST_SECONDS) as answer:
            return answer.read().decode()

    def _cookies(self):
        return [f"{cookie.name}={cookie.value}" for cookie in self.jar]


def empty_database(folder):
    if not on_postgresql():
        return SQLiteScratch(folder / "watched.sqlite3")
    database = PostgreSQLScratch(server_url(), f"rm_secrets_{os.getpid()}")
    database.create()
    return database


@pytest.fixture
def sessions_and_watched(tmp_path):
    database = empty_database(tmp_path)
    folder = tmp_path / "told"
    folder.mkdir()
    try:
        sessions = json.loads(prepare(database, "begin"))
        with http_server() as webhook, smtp_server() as mailbox:
            watched = Watched(database, folder, webhook, mailbox)
            watched.mark()
            yield sessions, watched
    finally:
        database.drop()


@contextmanager
def watching(server, session):
    """Watch as a browser does; give what was received so far, which grows."""
    frames = []
    address = server.url.replace("http", "ws", 1) + "/ws/reversible-migrations/"
    cookie = {"Cookie": f"sessionid={session}"}
    with connect(address, additional_headers=cookie, origin=server.url) as connection:

        def receive():
            with suppress(ConnectionClosed):
                for frame in connection:
                    frames.append(frame)

        thread = threading.Thread(target=receive)
        thread.start()
        try:
            yield frames
        finally:
            connection.close()
            thread.join()


def spill(watched):
    """Migrate until everything that can go wrong has gone wrong."""
    migrate = ("migrate", "crash")
    watched.manage(*migrate, "0002")
    watched.manage(*migrate, "0003", status=1, MAX_FAILED_SHARE=0.01)
    watched.manage(*migrate, "0003", status=1, spilled="python")
    watched.manage(*migrate, "0003", status=1, spilled="sql")
    watched.manage(*migrate, "0003")
    watched.manage(*migrate, "0004", status=1)


def go_on_by_order(watched, server, ada):
    """Have the run that fails gone on with from the page; it fails once more."""
    run = watched.run_of("0004_sql")
    ada.get(f"/migrations/runs/default/{run}/")
    ada.post(f"/migrations/runs/default/{run}/actions/go_on/", reason="month end")
    wait_until(lambda: watched.database.query("SELECT 1 FROM reversible_migrations_order WHERE exit_status = 1"))
    return server.said()


def tell_all(watched):
    run = str(watched.run_of("0003_patch"))
    retry = ("control_migration", run, "retry-quarantined", "--reason", "month end")
    commands = [[argument.format(run=run) for argument in arguments] for arguments in TELLING]
    watched.tell(retry, *commands, (SILENT, str(watched.folder / "metrics")))


def pages_of(watched, visitor):
    """Return the pages, and what scripts and machines ask for, by their addresses."""
    run, failed = watched.run_of("0003_patch"), watched.run_of("0004_sql")
    of_run = [f"runs/default/{number}/{rest}" for number in (run, failed) for rest in ("", "run.json", "charts.json")]
    paths = ["", "runs.json", *of_run, f"runs/default/{run}/undo/", "phases/", "health/"]
    found = {path: visitor.get(f"/migrations/{path}") for path in paths}
    token = {"Authorization": "Bearer token of the tests"}
    machines = {path: visitor.get(f"/monitoring/{path}", **token) for path in ("metrics", "health")}
    return {**found, **machines}


def without_last_line_of_traceback(said):
    """Return ``said`` without what Python says of the project's own exception."""
    return "\n".join(line for line in said.splitlines() if not line.startswith("RuntimeError: "))


def told(watched, frames, pages, of_orders):
    """Return all that has left the database, by where it went."""
    tables = {name: watched.database.query(f'SELECT * FROM "reversible_migrations_{name}"') for name in TOLD_TABLES}
    return {
        **{path.name: path.read_text() for path in watched.folder.iterdir()},
        **tables,
        **pages,
        **{
            where: without_last_line_of_traceback(said)
            for where, said in watched.said.items()
            if said or SILENT not in where
        },
        "posted": [f"{path} {headers} {body}" for path, headers, body in watched.webhook.received],
        "mails": [mail.decode() for mail in watched.mailbox.received],
        "frames": frames,
        "of orders": of_orders,
    }


def test_no_value_of_a_row_leaves_the_database(sessions_and_watched):
    sessions, watched = sessions_and_watched
    with Server(watched) as server, watching(server, sessions["watcher"]) as frames:
        ada, auditor = (Visitor(server, sessions[name]) for name in ("ada", "auditor"))
        spill(watched)
        tell_all(watched)
        of_orders = go_on_by_order(watched, server, ada)
        watched.database.execute(f"UPDATE crash_leaflet SET text = '{MARKER} again' WHERE id > 20")
        pages = pages_of(watched, ada)
        run = f"/migrations/runs/default/{watched.run_of('0003_patch')}/"
        with_permission = [auditor.get(run), auditor.get(f"{run}undo/")]
        watched.manage("safe_rollback", "crash", "0002", "--noinput")
        undone = {f"{path} of what is undone": page for path, page in pages_of(watched, ada).items()}
        wait_until(lambda: any('"undone"' in frame for frame in list(frames)))

    found = told(watched, frames, {**pages, **undone}, of_orders)
    quarantined = watched.database.query("SELECT error FROM reversible_migrations_quarantinedrow")
    assert [MARKER in str(shown) for shown in (*with_permission, quarantined)] == [True, True, True]
    assert [where for where, what in found.items() if not what] == []
    assert [where for where, what in found.items() if MARKER.lower() in str(what).lower()] == []
