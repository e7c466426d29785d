"""Real processes: one is killed, several look at once, outlets hang, and no value of a row leaves the database."""

import json
import subprocess
import sys

import pytest
from django.db import connection
from django.db.models.functions import Now

from reversible_migrations.models import Alert, Run
from tests.alerts.servers import http_server
from tests.crash.conftest import database, template
from tests.crash.processes import FORWARDS, Process, batches_done, wait_until
from tests.progress.test_terminal import ROOT, environment

__all__ = ["database", "template"]

SECRET = "a secret of sixteen bytes"
SLOWLY = {"BATCH_SIZE": 5, "PAUSE_SECONDS": 0.1}
MARKER = "Quarkenstein"


@pytest.fixture
def server():
    with http_server() as found:
        yield found


def alerts(server, path="200"):
    """Return settings by which a process tells ``server`` everything, by webhook and as Slack."""
    url = f"{server.url}/{path}"
    outlets = [
        {"outlet": "webhook", "url": url, "secret": SECRET, "level": "info"},
        {"outlet": "slack", "url": f"{url}?slack", "level": "info"},
    ]
    return {"ALERTS": {"OUTLETS": outlets}}


def told(server):
    """Return what came by the webhook, in order."""
    bodies = [json.loads(body) for path, _, body in list(server.received) if "slack" not in path]
    return [(body["kind"], body["condition"]) for body in bodies]


def ran(arguments, database, scenario, **options):
    """Run a process to its end, whatever that is; return its status and all that it said."""
    with Process(arguments, database, scenario, patient=True, **options) as process:
        status = process.end()
        return status, process.said()


def test_a_killed_run_is_told_by_the_command_and_its_end_by_the_process_that_finishes_it(database, server):
    with Process(FORWARDS, database, "updating", patient=True, **SLOWLY, **alerts(server)) as process:
        wait_until(lambda: batches_done(database) >= 3, process)
        process.kill()
    assert told(server) == []  # the dead tell nothing

    look = ("manage.py", "watch_runs", "--json")
    status, said = ran(look, database, "updating", **alerts(server))
    assert (status, json.loads(said)["told"][0]["message"]["condition"]) == (0, "interrupted")
    assert ran(look, database, "updating", **alerts(server))[0] == 0
    assert told(server) == [("alert", "interrupted")]

    status, said = ran(FORWARDS, database, "updating", **alerts(server))
    assert status == 0, said
    assert told(server) == [("alert", "interrupted"), ("recovery", "interrupted")]


def test_a_supervised_watch_tells_a_kill_by_itself(database, server):
    watch = ("manage.py", "watch_runs", "--watch", "--every", "1")
    with Process(watch, database, "updating", patient=True, **alerts(server)) as watching:
        with Process(FORWARDS, database, "updating", patient=True, **SLOWLY) as process:
            wait_until(lambda: batches_done(database) >= 3, process)
            process.kill()

        wait_until(lambda: told(server), watching)

    assert told(server) == [("alert", "interrupted")]


def test_outlets_that_hang_do_not_keep_a_run(database, server):
    with Process(FORWARDS, database, "telling", patient=True, MAX_FAILED_SHARE=1, **alerts(server, "hang")) as process:
        wait_until(lambda: server.received, process)  # the alert of rows set aside hangs

        assert wait_until(database.is_recorded, process)


@pytest.mark.parametrize("share", [0.01, 1])
def test_no_value_of_a_row_is_told(database, server, share):
    database.execute(f"UPDATE crash_medicine SET name = '{MARKER} ' || id")

    status, said = ran(FORWARDS, database, "telling", MAX_FAILED_SHARE=share, **alerts(server))
    _, more = ran(("manage.py", "watch_runs", "--json"), database, "telling", **alerts(server))

    assert database.query(f"SELECT 1 FROM reversible_migrations_quarantinedrow WHERE error LIKE '%{MARKER}%'")
    expected = [("alert", "failed"), ("alert", "quarantine")] if share < 1 else [("alert", "quarantine")]
    assert (status, sorted(told(server))) == (int(share < 1), expected)
    assert len(server.received) == 2 * len(expected)
    assert MARKER not in said + more
    assert MARKER not in "".join(f"{path} {headers} {body}" for path, headers, body in server.received)
    for table in ("alert", "event", "run"):
        assert MARKER not in str(database.query(f"SELECT * FROM reversible_migrations_{table}"))


@pytest.mark.usefixtures("library")
def test_of_several_processes_that_look_at_once_one_tells_each_alert():
    runs = [
        Run.objects.create(
            app="library", name=f"{number:04}_x", direction="forwards", status="failed", error="StepFailed",
            holds=f"library.{number:04}_x", heartbeat=Now(), started_at=Now(),
        ).pk
        for number in range(20)
    ]  # fmt: skip
    command = [sys.executable, "-m", "tests.management.process", "watch_runs", "--json"]
    connection.close()

    looking = [
        subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    said = [process.communicate()[0] for process in looking]

    assert [process.returncode for process in looking] == [0, 0, 0]
    found = [each["message"]["run"] for text in said for each in json.loads(text)["told"]]
    assert sorted(found) == runs
    assert Alert.objects.count() == len(runs)
