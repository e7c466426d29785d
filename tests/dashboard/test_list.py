"""The list: which runs it shows, how it is narrowed, and how many queries it takes."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reversible_migrations.run_list import MOST_STOPPED, PAGE_SIZE, Wanted, read_list
from reversible_migrations.states import Direction, Phase, RunStatus
from tests.dashboard import ledger

PAGE = "/migrations/"
DATA = "/migrations/runs.json"


@pytest.fixture(autouse=True)
def no_runs(db):
    """The test database's own migrations have left theirs."""
    ledger.clear()


def names(listed):
    return [each.run.name for each in listed]


def test_runs_are_grouped_by_what_they_do_the_newest_first():
    for number, status in enumerate(RunStatus):
        ledger.run(f"{number}_{status}", status)

    found = read_list(Wanted())

    assert names(found.running) == ["0_running"]
    assert names(found.waiting) == ["1_paused"]
    assert names(found.stopped) == ["4_failed", "3_cancelled", "2_interrupted"]
    assert names(found.past) == ["7_undone", "6_undoing", "5_done"]


def test_a_run_whose_process_is_gone_is_interrupted():
    ledger.run("0002_silent", RunStatus.RUNNING, owner=ledger.GONE, heartbeat=timezone.now() - timedelta(hours=1))
    ledger.run("0003_alive", RunStatus.RUNNING, owner=ledger.GONE)

    found = read_list(Wanted())

    assert [(each.run.name, each.run.status) for each in found.stopped] == [("0002_silent", RunStatus.INTERRUPTED)]
    assert names(found.running) == ["0003_alive"]
    assert names(read_list(Wanted(status=RunStatus.INTERRUPTED)).stopped) == ["0002_silent"]
    assert read_list(Wanted(status=RunStatus.RUNNING)).stopped == []


def test_a_heartbeat_of_a_worker_is_one_of_its_run():
    hour_ago = timezone.now() - timedelta(hours=1)
    run = ledger.run("0002_parallel", RunStatus.RUNNING, owner=ledger.GONE, heartbeat=hour_ago)
    run.steps.get().ranges.update(heartbeat=timezone.now(), owner=ledger.GONE)

    (listed,) = read_list(Wanted()).running

    assert listed.run.heartbeat_seconds < 3_000


def test_a_running_run_is_shown_with_its_pace(watcher):
    ledger.run("0002_prices", RunStatus.RUNNING, rows=400_000, waiting="replica_lag at 9 s of 5 s")

    text = watcher.get(PAGE).text

    for fact in (
        'progress max="100" value="25"',
        "25 %",
        "100,000 of ~400,000 rows",
        "40,000 rows/s",
        "2 min to 4 min",
        "500, 2 workers",
        "cpu at 63\N{NO-BREAK SPACE}% of 90\N{NO-BREAK SPACE}%",
        "replica_lag at 9 s of 5 s",
        "1: update shop.Product",
    ):
        assert fact in text


def test_a_migration_in_phases_shows_where_it_is(watcher):
    ledger.run("0002_rename", RunStatus.PAUSED, phase=Phase.MIGRATE_DATA)

    marks = watcher.get(PAGE).context["waiting"][0].phases

    assert [(mark.number, mark.state) for mark in marks] == [(1, "done"), (2, "current"), (3, "ahead"), (4, "ahead")]


def test_a_failed_run_says_why_and_what_to_do(watcher):
    ledger.run("0002_prices", RunStatus.FAILED, error="IntegrityError (product_sku_key)")

    text = watcher.get(PAGE).text

    assert "IntegrityError (product_sku_key)" in text
    assert "<code>manage.py migrate shop 0002_prices</code> goes on from the checkpoint." in text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "price"}, ["0002_prices"]),
        ({"q": "SHOP.0003"}, ["0003_names"]),
        ({"app": "stock"}, ["0009_batches"]),
        ({"status": "undone"}, ["0003_names"]),
        ({"database": "default", "status": "done"}, ["0009_batches", "0002_prices"]),
        ({"database": "elsewhere"}, []),
        ({"q": "100%"}, []),
        ({"status": "nonsense"}, []),
    ],
)
def test_a_query_string_narrows_the_list(watcher, query, expected):
    ledger.run("0002_prices")
    ledger.run("0003_names", RunStatus.UNDONE)
    ledger.run("0009_batches", app="stock")

    answer = watcher.get(PAGE, query)

    assert names(answer.context["found"].past) == expected
    assert ("No run is like that" in answer.text) is (not expected)


def test_a_run_is_found_by_its_number(watcher):
    first = ledger.run("0002_prices")
    ledger.run("0003_names")

    assert names(read_list(Wanted(search=str(first.pk), app="shop")).past) == ["0002_prices"]


def test_past_runs_come_in_pages(watcher):
    for number in range(PAGE_SIZE + 3):
        ledger.run(f"{number:04}_change")

    first, second = watcher.get(PAGE + "?app=shop"), watcher.get(PAGE + "?app=shop&page=2")

    assert len(first.context["past"]) == PAGE_SIZE
    assert first.context["older"] == "?app=shop&page=2"
    assert names(second.context["found"].past) == ["0002_change", "0001_change", "0000_change"]
    assert "Page 2 of 2" in second.text
    for page in ("999", "-1", "x", "²", "9" * 40):
        assert watcher.get(PAGE, {"page": page}).status_code == 200


def test_an_empty_ledger_says_how_a_run_begins(watcher):
    text = watcher.get(PAGE).text

    assert "Nothing has been run yet" in text
    assert "<code>manage.py migrate</code>" in text


def test_many_stopped_runs_are_counted_and_the_newest_shown():
    for number in range(MOST_STOPPED + 2):
        ledger.run(f"{number:04}_change", RunStatus.FAILED)

    found = read_list(Wanted())

    assert (len(found.stopped), found.stopped_total) == (MOST_STOPPED, MOST_STOPPED + 2)


@pytest.mark.parametrize("url", [PAGE, DATA, PAGE + "?q=change&app=app_1&page=2"])
def test_300_runs_take_as_many_queries_as_10(watcher, url):
    ledger.many(10)
    with CaptureQueriesContext(connection) as few:
        watcher.get(url)

    ledger.clear()
    ledger.many(300)
    with CaptureQueriesContext(connection) as many:
        watcher.get(url)

    assert len(many) == len(few)
    assert len(many) <= 30


def test_asking_for_data_gives_what_a_connection_is_sent_first(watcher):
    run = ledger.run("0002_prices", RunStatus.RUNNING)
    ledger.run("0001_old", direction=Direction.BACKWARDS)

    data = watcher.get(DATA).json()

    assert (data["version"], data["type"]) == (1, "snapshot")
    assert data["numbers"] == {"default": run.events.latest("pk").pk}
    assert [(each["migration"], each["status"], each["percent"]) for each in data["runs"]] == [
        ("shop.0002_prices", "running", 25),
        ("shop.0001_old", "done", 100),
    ]


def test_japanese_readers_read_japanese(watcher):
    ledger.run("0002_prices", RunStatus.RUNNING)

    text = watcher.get(PAGE, headers={"accept-language": "ja"}).text

    assert '<html lang="ja">' in text
    assert "実行中" in text
