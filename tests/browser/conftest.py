"""
A real Chromium that looks at a real server, while real ``migrate`` processes work.

A page fails its test at the end if the browser has complained: of an error in a script, or of anything that
the content security policy forbids.
"""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.server import Server
from tests.crash.conftest import on_postgresql, server_url
from tests.crash.databases import ROOT, PostgreSQLScratch, Scratch, SQLiteScratch
from tests.crash.processes import Process, wait_until
from tools.chromium import installed

PATIENCE = 60_000  # milliseconds; what is waited for comes much sooner
LONG_LEASE = json.dumps({"LEASE_SECONDS": 86_400})
SAID_OF_FORBIDDEN = """
addEventListener("securitypolicyviolation", (event) =>
    console.error(`forbidden by the policy: ${event.violatedDirective} ${event.blockedURI}`));
"""
# What a browser says of a server that was stopped, or that answers 401 or 403, as some tests want it.
EXPECTED = ("Failed to load resource", "WebSocket connection to")

expect.set_options(timeout=PATIENCE)
numbers = itertools.count(1)


def prepare(database: Scratch, what: str) -> str:
    """Run a function of tests/browser/prepare.py on ``database`` and return what it says."""
    code = f"import django; django.setup(); from tests.browser import prepare; prepare.{what}()"
    command = [sys.executable, "-c", code]
    environment = database.environment(options=LONG_LEASE)
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


@pytest.fixture(scope="session")
def chromium() -> str:
    found = installed()
    if found is None:
        pytest.skip("no Chromium is installed, and CHROMIUM names none")
    return str(found)


# Of this folder, not of the session: Django refuses its database to a thread in which Playwright's loop is at work.
@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])


@pytest.fixture(scope="package")
def template(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Scratch, dict[str, str]]]:
    """A database with some medicines and a watcher, and the sessions of people."""
    database = empty_database(tmp_path_factory.mktemp("browser"))
    try:
        yield database, json.loads(prepare(database, "begin"))
    finally:
        database.drop()


def empty_database(folder: Path) -> Scratch:
    if not on_postgresql():
        return SQLiteScratch(folder / "template.sqlite3")
    database = PostgreSQLScratch(server_url(), f"rm_browser_{os.getpid()}")
    database.create()
    return database


@contextmanager
def copy_of(template: tuple[Scratch, dict[str, str]]) -> Iterator[Scratch]:
    copied = template[0].copy(f"copy{next(numbers)}")
    try:
        yield copied
    finally:
        copied.drop()


@pytest.fixture
def database(template: tuple[Scratch, dict[str, str]]) -> Iterator[Scratch]:
    with copy_of(template) as copied:
        yield copied


@pytest.fixture
def server(database: Scratch) -> Iterator[Server]:
    with Server(database) as started:
        yield started


@pytest.fixture(scope="package")
def years(template: tuple[Scratch, dict[str, str]]) -> Iterator[Server]:
    """A server whose ledger has runs of every kind; tests only look at it."""
    with copy_of(template) as database:
        prepare(database, "years")
        with Server(database, options=LONG_LEASE) as started:
            yield started


@pytest.fixture(scope="package")
def finished(template: tuple[Scratch, dict[str, str]]) -> Iterator[tuple[Server, str]]:
    """A server on whose database one run is done, and the path of its page; tests only look at it."""
    with copy_of(template) as database:
        finish(database)
        with Server(database) as started:
            yield started, path_of(database)


class Visitor:
    """Opens pages of a server for somebody, and notes what the browser complains of."""

    def __init__(self, browser: Browser, sessions: dict[str, str]):
        self.browser, self.sessions = browser, sessions
        self.contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def open(self, server: Server, path: str = "/migrations/", *, who: str | None = "watcher", **options: Any) -> Page:
        context = self.browser.new_context(**options)
        self.contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.add_init_script(SAID_OF_FORBIDDEN)
        if who is not None:
            context.add_cookies([{"name": "sessionid", "value": self.sessions[who], "url": server.url}])
        page = context.new_page()
        page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(f"{server.url}{path}")
        return page

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        assert [said for said in self.complaints if not said.startswith(EXPECTED)] == []


@pytest.fixture
def visitor(browser: Browser, template: tuple[Scratch, dict[str, str]]) -> Iterator[Visitor]:
    visiting = Visitor(browser, template[1])
    yield visiting
    visiting.close()


def finish(database: Scratch) -> None:
    with migrating(database, PAUSE_SECONDS=0, BATCH_SIZE=50) as process:
        assert process.end() == 0, process.said()


def path_of(database: Scratch) -> str:
    """Wait for the newest run, and return the path of its page."""
    found = wait_until(lambda: database.ledger("id"))
    return f"/migrations/runs/default/{found[-1][0]}/"


def migrating(database: Scratch, **options: Any) -> Process:
    """Start to migrate 200 medicines in batches of 5, with a pause after each: it takes more than 4 s."""
    command = ("manage.py", "migrate", "crash", "0002", "--verbosity=0")
    return Process(command, database, "updating", patient=True, **{"BATCH_SIZE": 5, "PAUSE_SECONDS": 0.1, **options})
