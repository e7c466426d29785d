"""What a message says of a run; nothing is asked of a database but for the snapshot."""

import json
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reversible_migrations.models import Event, Run
from reversible_migrations.overview import RunOverview, StepOverview
from reversible_migrations.progress.messages import kind_of, message, moment, snapshot
from tests.docs.pages import DOCS

NOON = datetime(2024, 5, 4, 12, 0, 0, 250_000, tzinfo=UTC)


def step(number=1, seen=0, total=None, **facts):
    given = {
        "number": number, "kind": "update", "model": "shop.Product", "status": "running", "rows": seen, "seen": seen,
        "total": total, "total_is_estimate": False, "percent": None, "skipped": 0, "failed": 0, "conflicting": 0,
        "seconds": 0.0, "rows_per_second": None, "eta": None, "batch_size": None, "workers": None, "gauge": "",
    }  # fmt: skip
    return StepOverview(**{**given, **facts})


def run(*steps, **facts):
    given = {
        "id": 7, "app": "shop", "name": "0002_tidy", "phase": "", "direction": "forwards", "status": "running",
        "waiting": "", "undoes": None, "owner": "process 1 on host", "started_by": "me", "started_at": NOON,
        "finished_at": None, "heartbeat_seconds": 0.25, "rows": 0, "error": "", "journals": (), "rollback": "",
        "rollback_fault": "", "next": "",
    }  # fmt: skip
    return RunOverview(steps=steps, **{**given, **facts})


def told(*steps, **facts):
    return message("progress", run(*steps, **facts), "default", 12, NOON)


def done(seen, **facts):
    return step(seen=seen, status="done", **facts)


class TestProgress:
    def test_steps_are_added_up_and_the_one_in_hand_gives_the_pace(self):
        in_hand = step(2, 500, 3_000, rows_per_second=250.04, eta=(9.0, None), batch_size=100, workers=2, gauge="cpu")

        said = told(done(1_000, total=900), in_hand)

        assert (said["percent"], said["processed"], said["total"], said["rows"]) == (37, 1_500, 4_000, 1_500)
        assert (said["rate"], said["eta"], said["batch_size"], said["workers"]) == (250.0, [9.0, None], 100, 2)
        assert said["step"] == {"number": 2, "title": "update shop.Product"}

    def test_without_a_total_there_is_no_percentage(self):
        said = told(done(1_000), step(2, 500))

        assert (said["percent"], said["processed"], said["total"]) == (None, 1_500, None)

    def test_the_total_is_an_estimate_while_that_of_the_step_in_hand_is(self):
        assert told(step(1, 5, 20_000, total_is_estimate=True))["total_is_estimate"]
        assert not told(done(20_000, total=20_000, total_is_estimate=True))["total_is_estimate"]

    def test_a_run_is_at_a_hundred_when_it_is_done_and_not_before(self):
        assert told(done(10))["percent"] == 99
        assert told(done(10), status="done")["percent"] == 100
        assert told(status="done")["percent"] == 100

    def test_before_the_first_step_all_is_unknown(self):
        said = told()

        assert (said["step"], said["percent"], said["total"], said["rate"]) == (None, None, None, None)


class TestMessage:
    def test_every_key_is_on_its_page(self):
        page = (DOCS / "reference" / "messages.md").read_text()

        assert not [key for key in told() if f"`{key}`" not in page]

    def test_it_is_json(self):
        assert json.loads(json.dumps(told(step(1, 5, 10, eta=(1.0, 2.0))))) == told(step(1, 5, 10, eta=(1.0, 2.0)))

    def test_times_are_in_utc(self):
        assert moment(NOON) == told()["started_at"] == told()["timestamp"] == "2024-05-04T12:00:00.250Z"
        assert told()["finished_at"] is None

    @pytest.mark.parametrize(
        ("status", "kind"),
        [("done", "completion"), ("undone", "completion"), ("failed", "completion"), ("cancelled", "completion"),
         ("running", "status"), ("paused", "status"), ("interrupted", "status"), ("undoing", "status")],
    )  # fmt: skip
    def test_the_end_of_a_run_is_a_completion(self, status, kind):
        assert kind_of(run(status=status)) == kind


@pytest.mark.django_db
class TestSnapshot:
    def test_it_has_the_open_runs_the_last_closed_ones_and_the_numbers_behind_which_to_go_on(self):
        closed = [Run.objects.create(app="shop", name=f"000{n}", direction="forwards", status="done") for n in range(4)]
        still_open = Run.objects.create(app="shop", name="0009", direction="forwards", status="paused")
        events = [Event.objects.create(run=each, at=NOON, kind="status") for each in (still_open, closed[3])]

        said = snapshot(["default"], last=2)

        assert said["type"] == "snapshot"
        assert said["numbers"] == {"default": events[1].pk}
        assert [(each["run"], each["type"]) for each in said["runs"]] == [
            (still_open.pk, "status"), (closed[3].pk, "status"), (closed[2].pk, "status"),
        ]  # fmt: skip
        assert [each["number"] for each in said["runs"]] == [events[0].pk, events[1].pk, events[1].pk]

    def test_its_queries_do_not_grow_with_the_runs_that_are_over(self):
        for number in range(30):
            Run.objects.create(app="shop", name=str(number), direction="forwards", status="done")
        with CaptureQueriesContext(
            connection,
        ) as few:
            snapshot(["default"])
        for number in range(30):
            Run.objects.create(app="shop", name=str(number), direction="forwards", status="done")

        with CaptureQueriesContext(connection) as many:
            snapshot(["default"])

        assert len(many) == len(few)

    def test_every_key_is_on_its_page(self):
        page = (DOCS / "reference" / "messages.md").read_text()

        assert not [key for key in snapshot(["default"]) if f"`{key}`" not in page]
