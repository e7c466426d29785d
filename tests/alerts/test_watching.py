"""What is told of real runs: once, again when it has grown or come back, and that it is over."""

import logging
from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from reversible_migrations.alerts.watching import watch
from reversible_migrations.databases import database
from reversible_migrations.models import Alert, Event, KeyRange, Run, Step
from reversible_migrations.runs.lease import this_process
from tests.alerts.conftest import KEPT, Kept
from tests.management.library.models import Book
from tests.management.test_safe_rollback import interrupted_patch, living_process, migrate, rollback
from tests.situations.running import ended_process

pytestmark = pytest.mark.usefixtures("library")


def told():
    return [(told.message.kind, told.message.condition) for told in watch("default")]


def failed():
    """Leave the patch failed, as ``migrate`` does; return its run."""
    interrupted_patch()
    Run.objects.update(status="failed", error="StepFailed", owner={})
    return Run.objects.get()


def test_a_failed_run_is_told_once(kept):
    run = failed()

    assert told() == [("alert", "failed")]
    assert told() == []

    (message,) = kept
    assert (message.level, message.facts["run"]) == ("critical", run.pk)
    assert "library.0002_prices has failed" in message.subject
    assert "migrate library 0002_prices` goes on" in message.next


def test_its_end_is_told_too_and_it_is_told_anew_when_it_comes_again(kept):
    failed()
    watch("default")
    Run.objects.update(status="paused", waiting="")
    assert told() == [("recovery", "failed")]
    assert told() == []
    Run.objects.update(status="failed")

    assert told() == [("alert", "failed")]

    assert len({message.id for message in kept}) == 3
    assert Alert.objects.count() == 1


def test_the_log_has_it_without_any_setting(caplog):
    failed()

    with caplog.at_level(logging.INFO, "reversible_migrations.alerts"):
        watch("default")

    (record,) = [record for record in caplog.records if record.name == "reversible_migrations.alerts"]
    assert record.levelname == "CRITICAL"
    assert record.getMessage() == "[critical] library.0002_prices has failed: StepFailed"
    assert record.alert["condition"] == "failed"


def test_a_run_whose_process_has_ended_is_interrupted(kept):
    interrupted_patch()
    Run.objects.update(status="running", owner=ended_process())

    assert told() == [("alert", "interrupted")]


def test_a_run_that_does_well_is_not_told(kept):
    interrupted_patch()
    with living_process() as owner:
        Run.objects.update(status="running", owner=owner)

        assert told() == []


def silent(owner):
    """Let the run have an owner who lives, and has not been heard of for an hour."""
    Run.objects.update(status="running", owner=owner, heartbeat=Now() - timedelta(hours=1))
    KeyRange.objects.update(heartbeat=Now() - timedelta(hours=1))


def test_a_run_in_the_hands_of_this_process_is_not_interrupted_however_long_its_statement_takes(kept):
    interrupted_patch()
    silent(this_process())

    assert told() == []


def test_a_process_that_is_silent_past_its_lease_is_interrupted_where_leases_are_renewed_beside_statements(kept):
    interrupted_patch()
    with living_process() as owner:
        silent(owner)

        assert told() == ([("alert", "interrupted")] if database("default").has_parallel_writers else [])


def test_rows_set_aside_are_told_again_when_they_are_ten_times_as_many(kept):
    migrate("0002")
    assert told() == [("alert", "quarantine")]
    Step.objects.filter(rows_failed=1).update(rows_failed=9)
    assert told() == []
    Step.objects.filter(rows_failed=9).update(rows_failed=10)

    assert told() == [("alert", "quarantine")]


def test_conflicts_of_an_undo_are_told_once_and_have_no_end(kept):
    migrate("0002")
    Book.objects.filter(pk=2).update(price=7)
    rollback()

    assert told() == [("alert", "conflicts")]
    assert told() == []

    assert "1 row changed since" in kept[0].text


def test_rollback_data_is_told_before_it_expires(kept):
    migrate("0003")
    Run.objects.update(finished_at=Now() - timedelta(days=28))
    Step.objects.update(rows_failed=0)

    assert {what for _, what in told()} == {"expiring"}
    assert told() == []


def test_a_pause_is_told_when_it_is_long(kept):
    interrupted_patch()
    with living_process() as owner:
        run = Run.objects.get()
        Run.objects.update(status="paused", owner=owner, waiting="paused by anna", heartbeat=Now())
        Event.objects.filter(kind="status").update(at=Now() - timedelta(hours=2))
        for reason in ("cpu at 93 %", "paused by anna"):
            facts = {"status": "paused"}
            Event.objects.create(run=run, kind="status", text=reason, facts=facts, at=Now() - timedelta(minutes=61))

        assert told() == [("alert", "waiting")]

    assert "1:01:00 h: paused by anna" in kept[0].text


class TestSlow:
    @pytest.fixture
    def running(self):
        """A run that has been in the hands of a living process for an hour and a half."""
        interrupted_patch()
        with living_process() as owner:
            Run.objects.update(
                status="running", owner=owner, heartbeat=Now(), error="", started_at=Now() - timedelta(minutes=90)
            )
            Event.objects.exclude(facts__status="running").delete()
            Event.objects.update(at=Now() - timedelta(minutes=90))
            Step.objects.update(status="running", rows_total=100)
            yield Run.objects.get()

    def test_a_run_without_half_of_its_rows_is_slow_and_very_slow(self, kept, running):
        assert told() == [("alert", "slow"), ("alert", "very_slow")]

    def test_its_migration_may_have_more_time(self, kept, running):
        Run.objects.update(alert_after_seconds=4000)

        assert told() == [("alert", "slow")]

    def test_an_operator_may_give_it_more_time(self, kept, running):
        running.wishes.create(action="set", options={"ALERT_AFTER_SECONDS": 7000}, at=Now())

        assert told() == []

    def test_pauses_by_operators_and_time_in_nobodys_hands_do_not_count(self, kept, running):
        at = Now() - timedelta(minutes=80)
        Event.objects.create(run=running, kind="status", text="paused by anna", facts={"status": "paused"}, at=at)
        Event.objects.create(run=running, kind="resumed", at=Now() - timedelta(minutes=35))
        Event.objects.create(run=running, kind="progress", at=Now() - timedelta(minutes=20))
        Event.objects.create(run=running, kind="resumed", at=Now() - timedelta(minutes=5))

        assert told() == [("alert", "slow")]  # 10 and 15 and 5 minutes
        assert "30:0" in kept[0].text

    def test_rollback_data_that_will_not_fit_is_told_most_urgently(self, kept, running):
        if database("default").data_directory() is None:
            pytest.skip("where the database keeps its data is not to be seen from here")
        facts = {"rows": 100, "journal_bytes": 10**18}
        Run.objects.update(started_at=Now())
        Event.objects.create(run=running, kind="forecast", facts=facts, at=Now())

        watch("default")

        (message,) = [message for message in kept if message.condition == "disk"]
        assert message.level == "critical"
        assert "The rest of its rollback data needs about" in message.text

    def test_it_ends_with_the_rows(self, kept, running):
        watch("default")
        Step.objects.update(rows_seen=90)
        KeyRange.objects.update(rows_seen=90)

        assert set(told()) == {("recovery", "slow"), ("recovery", "very_slow")}


class TestOwed:
    def test_what_an_outlet_did_not_take_is_sent_to_it_again_with_the_same_id(self, kept, caplog):
        failed()
        Kept.failing = True
        (first,) = watch("default")
        assert not first.is_sent
        assert told() == []  # not at once
        Kept.failing = False
        Alert.objects.update(claimed_at=F("claimed_at") - timedelta(minutes=3))

        (again,) = watch("default")

        assert [delivery.outlet for delivery in again.deliveries] == ["kept"]  # the log has had it
        assert again.message.id == first.message.id
        assert "was not sent by kept: out of order (tries: 1)" in caplog.text
        assert told() == []

    def test_a_claim_that_was_not_fulfilled_is_taken_up(self, kept):
        run = failed()
        at = Now() - timedelta(minutes=3)
        alert = Alert.objects.create(
            subject=f"run {run.pk}", run=run, condition="failed", level="critical", owed="log\nkept",
            first_at=at, claimed_at=at,
        )  # fmt: skip

        assert told() == [("alert", "failed")]

        alert.refresh_from_db()
        assert (alert.owed, alert.tries) == ("", 2)

    def test_it_is_not_tried_for_ever(self, kept):
        failed()
        Kept.failing = True
        watch("default")
        Alert.objects.update(claimed_at=F("claimed_at") - timedelta(minutes=3), tries=10)

        assert told() == []


def test_a_condition_may_be_switched_off_or_made_less_urgent(settings, kept):
    failed()
    settings.REVERSIBLE_MIGRATIONS = {"ALERTS": {"OUTLETS": [KEPT], "LEVELS": {"failed": "off"}}}
    assert told() == []
    settings.REVERSIBLE_MIGRATIONS = {"ALERTS": {"OUTLETS": [KEPT], "LEVELS": {"failed": "info"}}}

    assert told() == [("alert", "failed")]
    assert kept[0].level == "info"


def test_a_reminder_is_sent_where_one_is_wanted(settings, kept):
    settings.REVERSIBLE_MIGRATIONS = {"ALERTS": {"OUTLETS": [KEPT], "REMIND_SECONDS": 86_400}}
    failed()
    watch("default")
    assert told() == []
    Alert.objects.update(claimed_at=Now() - timedelta(days=1, minutes=1))

    assert told() == [("alert", "failed")]
