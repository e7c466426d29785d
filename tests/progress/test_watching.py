"""Runs of real ``migrate`` processes, watched through a real server, with Redis and without."""

import json
from contextlib import ExitStack, suppress

import pytest
from asgiref.sync import async_to_sync
from channels_redis.core import RedisChannelLayer
from django.contrib.sessions.models import Session
from django.db import connection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.progress.watching import (
    LONGEST_SECONDS,
    RedisServer,
    Server,
    ended,
    is_begun,
    is_over,
    messages,
    migrating,
    session_of,
    user_with,
)

SLOWLY = {"REVERSIBLE_MIGRATIONS": '{"PAUSE_SECONDS": 0.3}'}
VALUES = ("Emma", "Ulysses", "torn")  # titles of books
DEAD = "redis://127.0.0.1:1/0"


@pytest.fixture(params=["the ledger", "Redis"])
def redis_url(request):
    """The address of a Redis server, or none."""
    with ExitStack() as stack:
        yield stack.enter_context(RedisServer()).url if request.param == "Redis" else ""


class TestARun:
    def test_it_is_watched_to_its_end_and_no_value_of_a_row_is_told(self, session, redis_url):
        with Server(REDIS_URL=redis_url) as server, server.watch(session) as watcher:
            first = messages(watcher, lambda message: True)
            said = first + messages_of(watcher, migrating(REDIS_URL=redis_url, **SLOWLY))

        assert (first[0]["type"], first[0]["runs"]) == ("snapshot", [])
        assert {message["migration"] for message in said[1:]} == {"library.0002_prices"}
        assert [said[-1][key] for key in ("status", "percent", "processed")] == ["done", 100, said[-1]["total"]]
        assert "safe_rollback library" in said[-1]["next"]
        assert not [value for value in VALUES if value in str(said)]

    def test_whoever_comes_later_gets_it_in_the_snapshot(self, session, server):
        with server.watch(session) as watcher:
            number = messages_of(watcher, migrating(REDIS_URL=""))[-1]["run"]

        with server.watch(session) as watcher:
            (snapshot,) = messages(watcher, lambda message: True)

        assert [(run["run"], run["status"]) for run in snapshot["runs"]] == [(number, "done")]

    def test_one_whose_process_was_killed_is_interrupted(self, session, server):
        with server.watch(session) as watcher:
            with migrating(REDIS_URL="", REVERSIBLE_MIGRATIONS='{"PAUSE_SECONDS": 60}') as process:
                try:
                    messages(watcher, is_begun)
                finally:
                    process.kill()

            said = messages(watcher, lambda message: message["status"] == "interrupted")

        assert "goes on from the checkpoint" in said[-1]["next"]


class TestRedis:
    def test_what_is_sent_to_the_groups_reaches_watchers_also_after_it_was_away(self, session):
        with RedisServer() as redis, Server(REDIS_URL=redis.url) as server, server.watch(session) as watcher:
            messages(watcher, lambda message: True)

            before = sent(redis.url, watcher, "the first")
            redis.stop()
            redis.start()
            after = sent(redis.url, watcher, "the second")

        assert (before["waiting"], after["waiting"]) == ("the first", "the second")

    def test_one_that_hangs_fails_nothing_and_the_ledger_tells_the_rest(self, session):
        with RedisServer() as redis, Server(REDIS_URL=redis.url) as server, server.watch(session) as watcher:
            process = migrating(REDIS_URL=redis.url, **SLOWLY)
            messages(watcher, is_begun)
            redis.hang()

            said = messages_of(watcher, process)

        assert said[-1]["status"] == "done"

    def test_one_that_is_dead_fails_nothing_and_is_logged_once(self, session):
        with Server(REDIS_URL=DEAD) as server, server.watch(session) as watcher:
            process = migrating(REDIS_URL=DEAD, **SLOWLY)
            said = messages(watcher, is_over)
            errors, server_said = ended(process), server.said()

        assert said[-1]["status"] == "done"
        assert errors.count("does not take messages") <= 1
        assert "Traceback" not in errors + server_said


class TestWhoMayWatch:
    def test_others_are_refused_before_the_connection_is_open(self, operator, server):
        refused = {
            "nobody": "",
            "no staff": session_of(user_with(username="guest", is_staff=False)),
            "no permission": session_of(user_with("", username="editor")),
            "not active": session_of(user_with(username="former", is_active=False)),
        }

        for key in refused.values():
            with pytest.raises(InvalidStatus, match="403"):
                server.watch(key)

    def test_a_page_of_another_site_is_refused(self, session, server):
        with pytest.raises(InvalidStatus, match="403"):
            server.watch(session, origin="https://elsewhere.example")

    def test_the_connection_ends_with_the_session(self, session, server):
        with server.watch(session) as watcher:
            messages(watcher, lambda message: True)
            Session.objects.all().delete()
            connection.close()

            assert close_code(watcher) == 4401

    def test_the_connection_ends_with_the_permission(self, operator, session, server):
        with server.watch(session) as watcher:
            messages(watcher, lambda message: True)
            operator.user_permissions.clear()
            connection.close()

            assert close_code(watcher) == 4403


def messages_of(watcher, process):
    """Return the messages up to the end of the run of ``process``."""
    try:
        return messages(watcher, is_over)
    finally:
        ended(process)


def close_code(watcher):
    with pytest.raises(ConnectionClosed) as closed:
        watcher.recv(timeout=LONGEST_SECONDS)  # nothing is running: there is nothing else to come
    return closed.value.rcvd.code


def sent(url, watcher, text):
    """Send a message to a group until the watcher gets it: the server joins the groups beside all else."""
    message = {"type": "status", "database": "default", "run": 99, "number": None, "status": "running", "waiting": text}
    for _ in range(LONGEST_SECONDS):
        send(url, "migration_status", json.dumps(message))
        with suppress(TimeoutError):
            while (got := json.loads(watcher.recv(timeout=1)))["waiting"] != text:
                pass
            return got
    raise AssertionError("it did not come")


def send(url, group, text):
    async def sending():
        layer = RedisChannelLayer(hosts=[url])
        await layer.group_send(group, {"type": "migration.message", "text": text})
        await layer.close_pools()

    async_to_sync(sending)()
