"""What is done from the page: POST only, by whom it is allowed, once, with who and why."""

import pytest
from django.db import connection
from django.db.models.functions import Now

from reversible_migrations.models import Event, Order, Run, Wish
from tests.dashboard.operators import act, address, notices, operators, queue, transactional_db
from tests.management.conftest import applied, books, command, library
from tests.management.library.models import Book
from tests.management.test_safe_rollback import interrupted_patch, living_process, migrate
from tests.phases.test_orders import starting_by

__all__ = ["library", "operators", "queue", "transactional_db"]

pytestmark = pytest.mark.usefixtures("library")

NAME = "library.0002_prices"
ALL = {"pause", "resume", "cancel", "set", "retry", "go_on", "undo", "cancel_and_undo"}


@pytest.fixture
def working(library):
    """A run in the hands of a process, which never comes to heed anything."""
    interrupted_patch()
    with living_process() as owner:
        Run.objects.update(status="running", owner=owner, heartbeat=Now())
        yield Run.objects.get()


@pytest.fixture
def no_wait(monkeypatch):
    monkeypatch.setattr("reversible_migrations.dashboard.actions.WAIT_SECONDS", 0.0)


@pytest.fixture
def at_once(settings, library):
    starting_by(settings, "at_once")


def nothing_happened():
    return not Wish.objects.exists() and not Order.objects.exists()


@pytest.mark.usefixtures("no_wait")
class TestWishes:
    @pytest.mark.parametrize("action", ["pause", "cancel"])
    def test_are_recorded_with_who_and_why(self, operators, working, action):
        client = operators("ada")

        answer = act(client, working, action)

        wish = Wish.objects.get()
        assert (wish.action, wish.by, wish.reason) == (action, "ada", "month end")
        assert notices(client, answer) == ["Asked for; it is done after the batch in hand."]

    def test_settings_are_those_that_people_type(self, operators, working):
        act(operators(), working, "set", batch_size="500", parallel="", settings="limit.cpu=80 window=none")

        assert Wish.objects.get().options == {"BATCH_SIZE": 500, "LIMITS": {"cpu": 80.0}, "WINDOW": None}

    def test_an_unknown_setting_is_refused_with_the_nearest(self, operators, working):
        client = operators()

        (notice,) = notices(client, act(client, working, "set", settings="batch_sise=5"))

        assert "Known are batch_size." in notice
        assert nothing_happened()

    def test_of_an_interrupted_run_a_cancellation_is_done_at_once(self, operators):
        interrupted_patch()
        client = operators()

        answer = act(client, Run.objects.get(), "cancel")

        assert Run.objects.get().status == "cancelled"
        assert notices(client, answer) == ["Done: the run is cancelled."]

    def test_of_rows_to_be_tried_again_by_the_run_that_works(self, operators, working):
        act(operators(), working, "retry")

        assert Wish.objects.get().action == "retry"


@pytest.mark.usefixtures("no_wait")
class TestTwoOperators:
    def test_the_second_is_told_who_was_first(self, operators, working):
        act(operators("ada"), working, "pause")
        second = operators("grace")

        page, data = act(second, working, "pause"), act(second, working, "pause", json=True)

        (notice,) = notices(second, page)
        assert "is paused by ada: month end already" in notice
        assert data.status_code == 409
        assert data.json() == {"done": False, "text": notice}
        assert Wish.objects.count() == 1

    def test_the_second_undo_is_told_of_the_first(self, operators, queue):
        migrate("0002")
        run = Run.objects.get()
        act(operators("ada"), run, "undo", confirm=NAME)
        second = operators("grace")

        (notice,) = notices(second, act(second, run, "undo", confirm=NAME))

        assert "ada has ordered already: undo" in notice
        assert len(queue) == 1

    def test_an_undo_of_a_run_that_works_is_refused(self, operators, working, queue):
        answer = act(operators(), working, "undo", json=True, confirm=NAME)

        assert answer.status_code == 409
        assert f"process {working.owner['pid']}" in answer.json()["text"]
        assert not queue


@pytest.mark.usefixtures("at_once")
class TestOrders:
    def test_a_run_is_undone(self, operators):
        start = books()
        migrate("0002")
        Book.objects.filter(pk=2).update(price=7)

        act(operators("ada"), Run.objects.get(), "undo", confirm=NAME, on_conflict="overwrite")

        undo = Run.objects.get(direction="backwards")
        assert books() == start
        assert (undo.status, undo.started_by) == ("done", "ada")
        assert Event.objects.get(run=undo, kind="ordered").facts["reason"] == "month end"

    def test_a_run_is_gone_on_with(self, operators):
        interrupted_patch()

        act(operators(), Run.objects.get(), "go_on")

        assert applied() == ["0001", "0002"]

    def test_a_run_is_cancelled_and_undone(self, operators):
        start = books()
        interrupted_patch()

        act(operators(), Run.objects.get(), "cancel_and_undo", confirm=NAME)

        assert books() == start

    def test_rows_are_tried_again(self, operators):
        migrate("0002")
        Book.objects.filter(title="torn").update(title=" whole ")

        act(operators(), Run.objects.get(), "retry")

        assert Book.objects.get(pk=3).title == "whole"

    def test_a_migration_is_started(self, operators):
        client = operators("ada")
        fields = {"database": "default", "app": "library", "name": "0002_prices", "reason": "release 7"}

        answer = client.post("/migrations/start/", fields)

        assert answer.url == "/migrations/phases/"
        assert (Run.objects.get().status, Run.objects.get().started_by) == ("done", "ada")

    def test_a_failure_is_told_and_kept(self, operators):
        migrate("0002")
        command("purge_rollback_data", "--older-than", "0d")

        answer = act(operators(), Run.objects.get(), "undo", json=True, confirm=NAME)

        assert answer.status_code == 503
        assert "was purged on" in Order.objects.get().error


class TestRefused:
    def test_an_undo_without_the_name_of_the_migration(self, operators, queue):
        migrate("0002")
        client, run = operators(), Run.objects.get()

        for action in ("undo", "cancel_and_undo"):
            for typed in ("", "library.0002", "LIBRARY.0002_PRICES"):
                assert act(client, run, action, json=True, confirm=typed).status_code == 400
        assert nothing_happened()

    def test_anything_without_a_reason(self, operators, queue, working):
        client = operators()

        for action in sorted(ALL):
            answer = act(client, working, action, json=True, reason="  ", confirm=NAME, settings="batch_size=5")
            assert answer.status_code == 400
        assert nothing_happened()

    @pytest.mark.parametrize(
        "fields",
        [
            {"database": "nowhere", "phase": "prepare"},
            {"database": "default"},
            {"database": "default", "app": "library"},
        ],
    )
    def test_a_start_of_nothing(self, operators, queue, fields):
        answer = operators().post(
            "/migrations/start/", {"reason": "x", **fields}, headers={"accept": "application/json"}
        )

        assert answer.status_code == 400
        assert nothing_happened()

    def test_a_phase_or_a_way_with_conflicts_that_there_is_not(self, operators, queue):
        migrate("0002")
        client = operators()

        phase = client.post("/migrations/start/", {"reason": "x", "database": "default", "phase": "5"})
        way = act(client, Run.objects.get(), "undo", json=True, confirm=NAME, on_conflict="--emergency")

        assert phase.status_code == 302
        assert way.status_code == 400
        assert nothing_happened()

    def test_an_action_that_there_is_not(self, operators, working):
        assert act(operators(), working, "purge").status_code == 404

    def test_a_name_of_a_migration_that_is_an_option(self, operators, queue):
        client = operators()
        fields = {"reason": "x", "database": "default", "app": "library", "name": "--fake"}

        answer = client.post("/migrations/start/", fields, headers={"accept": "application/json"})

        assert answer.status_code == 409
        assert nothing_happened()


class TestAllowed:
    @pytest.mark.parametrize("permission", ["view_run", "control_run", "undo_run"])
    def test_to_nobody_without_the_permissions(self, operators, queue, working, permission):
        others = {"view_run", "control_run", "undo_run", "view_rows"} - {permission}
        client = operators(f"without_{permission}", *others)
        needing = {"undo_run": {"undo", "cancel_and_undo"}, "control_run": ALL - {"undo"}}.get(permission, ALL)

        for action in sorted(needing):
            for json in (False, True):
                fields = {"confirm": NAME, "settings": "batch_size=5", "json": json}
                assert act(client, working, action, **fields).status_code == 403, action
        assert nothing_happened()

    def test_to_start_with_the_permission_only(self, operators, queue):
        fields = {"reason": "x", "database": "default", "phase": "prepare"}

        assert operators("eve", "view_run", "undo_run").post("/migrations/start/", fields).status_code == 403
        assert nothing_happened()

    def test_to_nobody_who_has_not_signed_in(self, client, queue, working):
        assert act(client, working, "pause").status_code == 302
        assert act(client, working, "pause", json=True).status_code == 401
        assert nothing_happened()

    def test_by_post_only(self, operators, working):
        client = operators()

        for action in sorted(ALL):
            assert client.get(address(working, f"actions/{action}/")).status_code == 405
        assert nothing_happened()

    def test_from_this_site_only(self, operators, working, queue):
        client = operators("ada", enforce_csrf_checks=True)

        for action in sorted(ALL):
            assert act(client, working, action, confirm=NAME, settings="batch_size=5").status_code == 403
        assert client.post("/migrations/start/", {"database": "default", "phase": "prepare"}).status_code == 403
        assert nothing_happened()

    def test_with_the_token_of_the_page(self, operators, working, no_wait):
        client = operators("ada", enforce_csrf_checks=True)
        token = client.get(address(working)).context["csrf_token"]

        act(client, working, "pause", csrfmiddlewaretoken=str(token))

        assert Wish.objects.get().by == "ada"


def test_without_djangos_messages_the_address_tells_it(operators, working, no_wait, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "messages" not in name]
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        }
    ]
    client = operators()

    answer = act(client, working, "pause")

    assert "Asked for; it is done after the batch in hand." in client.get(answer.url).text
    assert "Asked for" not in client.get(f"{answer.url}x").text


def test_an_order_is_in_the_ledger_before_its_process_starts(operators, at_once, settings):
    """With ATOMIC_REQUESTS a process would not find what the request has not committed."""
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    try:
        migrate("0002")
        answer = act(operators(), Run.objects.get(), "undo", json=True, confirm=NAME)
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False

    assert answer.status_code == 200
    assert Run.objects.filter(direction="backwards", status="done").exists()
