"""The page of a run: what it shows, to whom, and in how many queries."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reversible_migrations.models import Event, KeyRange, QuarantinedRow, Run, Wish
from tests.dashboard.operators import act, address, operators, queue, transactional_db
from tests.management.conftest import library
from tests.management.library.models import Book
from tests.management.test_safe_rollback import interrupted_patch, migrate, rollback
from tests.overview.histories import at, run_with, status, step_of, tell, tick

__all__ = ["library", "operators", "queue", "transactional_db"]

pytestmark = pytest.mark.usefixtures("library")


def shown(client, run, rest=""):
    answer = client.get(address(run, rest))
    assert answer.status_code == 200, answer.text
    return answer


class TestPage:
    def test_shows_steps_rows_set_aside_rollback_data_and_code(self, operators):
        migrate("0002")

        page = shown(operators(), Run.objects.get())

        assert "<h1>library.0002_prices</h1>" in page.text
        assert "1: update library.Book" in page.text
        assert "ValueError" in page.text
        assert "It can be undone." in page.text
        assert "def patch(self, apps, patch):" in page.text
        assert "library_book" in page.text

    def test_shows_waits_ranges_and_who_asked_for_what(self, operators):
        run = run_with(
            status(0, "running"), tick(2, 500), tick(5, 2_000, batch_size=500, gauges={"cpu": [50.0, 90, "%"]}),
            (10, "wait", "cpu at 93 %, limit 90 %", {}), (40, "waited", "", {}), status(60, "failed"),
            finished_at=at(60), status="failed", error="It went wrong.",
        )  # fmt: skip
        KeyRange.objects.create(step=step_of(run), number=0, low=[17], upper=[4711])
        Wish.objects.create(run=run, action="pause", by="grace", reason="closing <b>", at=at(3))

        page = shown(operators(), run)

        for text in (
            "cpu",
            "50 %",
            "4711",
            "grace",
            "closing &lt;b&gt;",
            "It went wrong.",
            "(not heeded yet)",
            "50 / 90",
        ):
            assert text in page.text, text

    def test_shows_which_actions_are_possible_and_why_others_are_not(self, operators):
        interrupted_patch()

        page = shown(operators(), Run.objects.get())

        assert {action.name for action in page.context["actions"] if action.is_possible} == {"go_on", "set", "cancel"}
        assert "no process has it in hand" in page.text
        assert 'id="to-undo"' in page.text

    def test_of_an_undo_and_of_an_undone_run_are_shown(self, operators):
        migrate("0002")
        rollback("0001")
        client = operators()

        for run in Run.objects.all():
            shown(client, run)

    def test_without_permissions_to_act_has_no_forms(self, operators):
        migrate("0002")

        page = shown(operators("guest", "view_run"), Run.objects.get())

        assert "<form" not in page.text
        assert "You may look at runs, and not act on them." in page.text

    def test_loads_and_runs_nothing_inline(self, operators):
        migrate("0002")

        page = shown(operators(), Run.objects.get())

        assert " style=" not in page.text
        assert "onclick" not in page.text
        assert page.text.count("<script") == page.text.count('<script type="module" src=') + page.text.count(
            'type="application/json"'
        )
        assert "default-src 'self'" in page["Content-Security-Policy"]

    @pytest.mark.parametrize("rest", ["", "undo/", "run.json", "charts.json"])
    def test_of_a_run_that_is_not_there_is_not_found(self, operators, rest):
        client = operators()

        for where in ("/migrations/runs/default/99/", "/migrations/runs/nowhere/1/"):
            assert client.get(where + rest).status_code == 404

    def test_is_for_those_with_the_permission(self, operators, client):
        migrate("0002")
        run = Run.objects.get()
        outsider = operators("eve", "control_run", "undo_run", "view_rows")

        for rest in ("", "run.json", "charts.json"):
            assert outsider.get(address(run, rest)).status_code == 403
        assert client.get(address(run)).status_code == 302
        assert client.get(address(run, "charts.json")).status_code == 401


class TestRowValues:
    def test_errors_of_rows_set_aside_are_for_those_who_may_see_values(self, operators):
        migrate("0002")
        QuarantinedRow.objects.update(error="a secret title")
        run = Run.objects.get()

        assert "a secret title" not in shown(operators("ada"), run).text
        assert "a secret title" in shown(operators("grace", "view_run", "view_rows"), run).text

    def test_none_is_on_the_page_its_data_or_the_undo_panel(self, operators):
        Book.objects.filter(pk=1).update(title=" a secret title ")
        Book.objects.filter(pk=4).update(price=987_654_321)
        migrate("0002")
        client, run = operators(), Run.objects.get()

        for rest in ("", "undo/", "run.json", "charts.json"):
            text = shown(client, run, rest).text
            assert "secret" not in text
            assert "987654321" not in text.replace(",", "")

    def test_are_in_the_sample_of_the_undo_panel_for_those_who_may_see_them(self, operators):
        Book.objects.filter(pk=1).update(title=" a secret title ")
        migrate("0002")

        page = shown(operators("grace", "view_run", "undo_run", "view_rows"), Run.objects.get(), "undo/")

        assert " a secret title " in page.text
        assert "<code>price</code> 20" in page.text
        assert "<code>price</code> 10" in page.text


class TestData:
    def test_is_a_snapshot_of_this_run(self, operators):
        migrate("0003")
        run = Run.objects.get(name="0002_prices")

        found = shown(operators(), run, "run.json").json()

        assert (found["version"], found["type"]) == (1, "snapshot")
        (sent,) = found["runs"]
        assert (sent["run"], sent["status"], sent["percent"]) == (run.pk, "done", 100)

    def test_of_charts_are_lines_and_waits(self, operators):
        run = run_with(
            tick(1, 1_000, batch_size=500, gauges={"cpu": [63.2, 90, "%"]}),
            tick(3, 5_000, batch_size=800),
            (4, "wait", "cpu at 93 %, limit 90 %", {}),
        )

        found = shown(operators(), run, "charts.json").json()

        assert found["rate"] == [None, 2_000]
        assert found["batch_size"] == [500, 800]
        assert found["gauges"] == {"cpu": {"unit": "%", "values": [63.2, None], "limits": [90, None]}}
        assert found["waits"] == [{"from": at(4).timestamp(), "to": None, "cause": "cpu"}]


def test_the_page_takes_as_many_queries_after_years_as_on_the_first_day(operators):
    run = run_with(status(0, "running"), tick(1, 10))
    step = step_of(run)
    KeyRange.objects.create(step=step, number=0)
    client = operators()
    shown(client, run)
    with CaptureQueriesContext(connection) as few:
        shown(client, run)

    tell(run, *(tick(second, second) for second in range(2, 1_000)))
    tell(run, *((second, "wait", "cpu at 1 %", {}) for second in range(2, 500)))
    KeyRange.objects.bulk_create(KeyRange(step=step, number=number) for number in range(1, 300))
    Wish.objects.bulk_create(Wish(run=run, action="set", by="ada", at=at(number)) for number in range(200))
    QuarantinedRow.objects.bulk_create(
        QuarantinedRow(step=step, range=step.ranges.first(), key=[number], error_type="E", error="")
        for number in range(500)
    )
    for _ in range(50):
        run_with(tick(1, 10), status="done", holds=None)
    with CaptureQueriesContext(connection) as many:
        page = shown(client, run)

    assert len(many) == len(few)
    assert len(page.context["aside"]) == 100
    assert Event.objects.count() > 1_400


def test_what_was_ordered_and_failed_before_a_run_began_is_shown(operators, queue):
    migrate("0002")
    client, run = operators(), Run.objects.get()
    act(client, run, "retry")

    page = shown(client, run)

    assert "Waits for a process:" in page.text
    assert "retry library.0002_prices" in page.text
    assert "month end" in page.text
    assert "Waits for a process:" in client.get("/migrations/").text
