"""The phases page: how far each migration is, what waits for what, and whether code may be deployed."""

import pytest

from reversible_migrations.models import Order, Run
from reversible_migrations.phases.deployable import DatabaseState, OpenRun, safe_to_deploy
from reversible_migrations.phases.plan import Place
from reversible_migrations.states import Phase
from tests.dashboard.operators import operators, queue, transactional_db
from tests.phases.conftest import depot, phased

__all__ = ["depot", "operators", "queue", "transactional_db"]

PREPARE, DATA, SWITCH, CLEANUP = Phase
ALL = tuple(Phase)


def place(name, *phases, parents=(), done=()):
    return Place(("shop", name), tuple(("shop", parent) for parent in parents), phases, frozenset(done))


def reasons(*places, runs=(), fault=""):
    return safe_to_deploy([DatabaseState("default", places, tuple(runs), fault)]).reasons


class TestSafeToDeploy:
    def test_it_is_when_everything_is_prepared(self):
        assert safe_to_deploy([DatabaseState("default", (place("0002", *ALL, done=[PREPARE]),))]).is_safe
        assert reasons(place("0003", DATA)) == ()
        assert reasons() == ()

    def test_it_is_not_before(self):
        assert reasons(place("0002", *ALL)) == ("On default shop.0002 has not been prepared.",)

    def test_it_is_not_while_a_preparation_waits_for_an_earlier_migration(self):
        found = reasons(place("0002", *ALL, done=[PREPARE]), place("0003", PREPARE, parents=["0002"]))

        assert found == ("On default shop.0003 cannot be prepared: it waits for shop.0002, which is at migrate_data.",)

    @pytest.mark.parametrize("status", ["failed", "interrupted", "paused", "cancelled"])
    def test_it_is_not_while_a_preparation_is_half_done(self, status):
        run = OpenRun(7, "shop.0002 (prepare)", PREPARE, status, "forwards")

        assert reasons(runs=[run]) == (f"On default shop.0002 (prepare) was begun and is not done (run 7, {status}).",)

    def test_it_is_while_data_are_migrated(self):
        assert reasons(runs=[OpenRun(7, "shop.0002 (migrate_data)", DATA, "paused", "forwards")]) == ()

    def test_it_is_not_while_something_is_undone(self):
        assert "is being undone" in reasons(runs=[OpenRun(7, "shop.0002", None, "running", "backwards")])[0]

    def test_every_database_counts_and_one_that_cannot_be_asked_is_no_yes(self):
        prepared = DatabaseState("one", (place("0002", *ALL, done=[PREPARE]),))
        silent = DatabaseState("two", fault="it does not answer.")

        assert safe_to_deploy([prepared, silent]).reasons == ("On two it cannot be told: it does not answer.",)


class TestPage:
    def test_shows_the_phases_of_what_is_not_done_and_the_answer(self, depot, operators):
        client = operators()

        before = client.get("/migrations/phases/")
        phased("0002", "--phase", "prepare")
        after = client.get("/migrations/phases/")

        rows = {row.name: [cell.said for cell in row.cells] for row in after.context["rows"]}
        assert rows["depot.0002_full_name"][0] == "done"
        assert "to do" in rows["depot.0002_full_name"][1:]
        assert "depot.0002_full_name has not been prepared." in before.text
        assert "depot.0002_full_name has not been prepared." not in after.text

    def test_says_what_waits_for_what(self, depot, operators):
        phased("0002", "--phase", "prepare")

        page = operators().get("/migrations/phases/")

        (row,) = [row for row in page.context["rows"] if row.name == "depot.0003_age"]
        assert row.waits == "for depot.0002_full_name, which is at migrate_data"
        assert not row.can_start

    def test_leads_to_the_run_that_is_open(self, depot, operators):
        phased("0002", "--phase", "prepare")
        run = Run.objects.get(name="0002_full_name")
        Run.objects.update(status="failed", holds=run.migration)

        page = operators().get("/migrations/phases/")

        assert f"/migrations/runs/default/{run.pk}/" in page.text

    def test_lets_those_start_who_may(self, depot, operators, queue):
        client = operators("ada")
        page = client.get("/migrations/phases/")
        assert 'id="start-form"' in page.text
        assert 'id="start-form"' not in operators("guest", "view_run").get("/migrations/phases/").text

        client.post("/migrations/start/", {"database": "default", "phase": "prepare", "reason": "release 7"})

        order = Order.objects.get()
        assert order.arguments == ["migrate_phased", "--phase", "prepare", "--database", "default"]
        assert "Waits for a process:" in client.get("/migrations/phases/").text

    def test_is_for_those_with_the_permission(self, depot, operators, client):
        assert operators("eve", "control_run").get("/migrations/phases/").status_code == 403
        assert client.get("/migrations/phases/").status_code == 302
