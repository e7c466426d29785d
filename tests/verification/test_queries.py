"""Queries that a migration declares: measured before and after it, and compared whenever it is verified."""

import json

import pytest
from django.db.models import F

from reversible_migrations import VerifyQuery
from reversible_migrations.exceptions import RefusedOption
from reversible_migrations.models import Event
from reversible_migrations.runs.run import latest_runs
from reversible_migrations.verification import Level
from reversible_migrations.verification.checks import queries
from reversible_migrations.verification.scope import Scope
from tests.situations.running import forwards, interrupting, patch_of
from tests.situations.stock import fill_products, model

pytestmark = pytest.mark.usefixtures("shop")


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """Let no query seem slow because this machine was busy; the tests of slow ones set what is notable themselves."""
    monkeypatch.setattr(queries, "NOTABLE_SECONDS", 60)


ALL = "SELECT id, stock FROM shop_product ORDER BY id"


def migrated(*verify, change=1, **options):
    """Fill three products, apply a patch that adds ``change`` to their stock, and return it."""
    fill_products("stock", [1, 2, 3])

    def patch(apps, patch):
        patch.update(apps.get_model("shop", "Product").objects.all(), stock=F("stock") + change)

    made = patch_of(patch, verify=list(verify), **options)
    forwards(made)
    return made


def said_of(migration, **options):
    """Return what the check says of the migration's queries."""
    check, scope = queries.Queries(), Scope("default", **options)
    runs = latest_runs(migration.app_label, migration.name, "default")
    things = [queries.Declared(str(migration), query, runs) for query in queries.queries_of(migration)]
    return [finding for thing in things for finding in check.examine(thing, scope)]


def messages(found):
    return [(str(finding.level), finding.message) for finding in found if not finding.is_unchecked]


class TestExpectations:
    def test_an_answer_that_is_expected_is_fine(self):
        migration = migrated(VerifyQuery("none", "SELECT count(*) FROM shop_product WHERE stock < 2", expect=0))

        assert said_of(migration) == said_of(migration, cheap_only=True) == []

    def test_another_answer_is_an_error_that_does_not_tell_it(self):
        migration = migrated(VerifyQuery("sum", "SELECT sum(stock) FROM shop_product", expect=8_642))

        assert messages(said_of(migration)) == [("error", "does not answer what is expected.")]

    def test_what_went_wrong_after_the_migration_is_found_by_running_it_again(self):
        migration = migrated(VerifyQuery("none", "SELECT count(*) FROM shop_product WHERE stock < 2", expect=0))
        model("Product").objects.update(stock=1)

        assert len(said_of(migration)) == 1
        assert said_of(migration, cheap_only=True) == []

    def test_no_row_at_all_answers_none(self):
        migration = migrated(VerifyQuery("nobody", "SELECT id FROM shop_product WHERE id = 99", expect=None))

        assert said_of(migration) == []

    def test_one_that_takes_longer_than_it_may_is_an_error(self):
        migration = migrated(VerifyQuery("rows", ALL, max_seconds=1e-9))

        ((level, message),) = messages(said_of(migration))

        assert level == "error"
        assert message.endswith("and may take 1e-09 s.")

    def test_percent_signs_and_a_semicolon_are_left_as_they_are(self):
        migration = migrated(
            VerifyQuery("like", "SELECT count(*) FROM shop_product WHERE name LIKE 'prod%';\n", expect=3)
        )

        assert said_of(migration) == []


class TestBeforeAndAfter:
    def test_an_answer_that_the_migration_may_not_change_is_compared(self):
        migration = migrated(VerifyQuery("stock", ALL, same_before_and_after=True))
        untouched = migrated_again(VerifyQuery("names", "SELECT name FROM shop_product", same_before_and_after=True))

        ((level, message),) = messages(said_of(migration))
        assert (level, message) == ("error", "answered otherwise after the migration than before it (3 and 3 rows).")
        assert said_of(untouched) == []

    def test_what_changes_later_is_not_held_against_the_migration(self):
        migration = migrated(VerifyQuery("stock", ALL, same_before_and_after=True), change=0)
        model("Product").objects.update(stock=77)

        assert said_of(migration) == []

    def test_another_plan_is_told(self):
        migration = migrated(VerifyQuery("by position", "SELECT name FROM shop_shelf WHERE position = 5"))
        event = Event.objects.get(kind="verify", facts__moment="before")
        event.facts["plan"] = ["Scan of another day"]
        event.save()

        ((level, message),) = messages(said_of(migration))

        assert level == "info"
        assert "Its plan was: Scan of another day; it is: " in message

    def test_more_than_twice_the_time_is_a_warning_with_the_plans(self, monkeypatch):
        monkeypatch.setattr(queries, "NOTABLE_SECONDS", 0.05)
        slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000) SELECT count(*) FROM n"
        migration = migrated(VerifyQuery("slow", slow))
        event = Event.objects.get(kind="verify", facts__moment="before")
        event.facts["seconds"] = 0.001
        event.save()

        (finding,) = said_of(migration)

        assert finding.level == Level.WARNING
        assert "times as long as before the migration" in finding.message
        assert finding.facts["seconds_before"] == 0.001

    def test_no_value_of_a_row_is_kept(self):
        fill_products("text", ["a secret"])
        forwards(patch_of(lambda apps, patch: None, verify=[VerifyQuery("texts", "SELECT text FROM shop_product")]))

        facts = list(Event.objects.filter(kind="verify").values_list("facts", flat=True))

        assert [fact["moment"] for fact in facts] == ["before", "after"]
        assert set(facts[0]) == {"query", "moment", "seconds", "rows", "plan", "digest", "is_expected", "fault"}
        assert "secret" not in json.dumps(facts)

    def test_an_interrupted_migration_is_measured_before_its_first_step_only(self):
        fill_products("stock", [1, 2, 3])
        query = VerifyQuery("stock", ALL, same_before_and_after=True)

        def patch(apps, patch):
            patch.update(apps.get_model("shop", "Product").objects.all(), stock=F("stock") + 1)
            stop()

        def going_on(apps, patch):
            patch.update(apps.get_model("shop", "Product").objects.all(), stock=F("stock") + 1)

        stop = interrupting(lambda: None, at=1)
        with pytest.raises(KeyboardInterrupt):
            forwards(patch_of(patch, verify=[query]))
        forwards(patch_of(going_on, verify=[query, VerifyQuery("declared later", ALL, same_before_and_after=True)]))

        moments = Event.objects.filter(kind="verify").values_list("facts__query", "facts__moment")
        assert sorted(moments) == [("declared later", "after"), ("stock", "after"), ("stock", "before")]
        found = said_of(
            patch_of(going_on, verify=[query, VerifyQuery("declared later", ALL, same_before_and_after=True)])
        )
        assert [finding.is_unchecked for finding in found] == [False, True]


def migrated_again(*verify):
    made = patch_of(lambda apps, patch: None, name="0101_tested", verify=list(verify))
    forwards(made)
    return made


class TestFaults:
    def test_one_that_fails_before_the_migration_does_not_stop_it(self):
        migration = migrated(VerifyQuery("later", "SELECT count(*) FROM no_such_table", expect=0))

        (finding,) = said_of(migration)

        assert model("Product").objects.get(pk=1).stock == 2
        assert finding.is_unchecked
        assert "no_such_table" in finding.message

    def test_one_that_would_change_something_is_broken_off(self):
        returning = "DELETE FROM shop_product RETURNING id"
        migration = migrated(VerifyQuery("not a query", returning))

        assert model("Product").objects.count() == 3
        assert [finding.is_unchecked for finding in said_of(migration)] == [True]

    @pytest.mark.parametrize("options", [{"sql": " ; "}, {"name": ""}, {"max_seconds": 0}, {"max_seconds": "1"}])
    def test_one_that_makes_no_sense_is_refused_where_it_is_written(self, options):
        with pytest.raises(ValueError, match="VerifyQuery"):
            VerifyQuery(**{"name": "a", "sql": "SELECT 1", **options})

    @pytest.mark.parametrize("verify", [["SELECT 1"], [VerifyQuery("a", "SELECT 1"), VerifyQuery("a", "SELECT 2")]])
    def test_a_list_of_something_else_is_refused_before_anything_runs(self, verify):
        with pytest.raises(RefusedOption, match=r"verify has .*Nothing was run"):
            migrated(*verify)

        assert model("Product").objects.get(pk=1).stock == 1
