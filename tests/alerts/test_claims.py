"""Of two that have read the same alert, one has it to tell."""

import pytest
from django.db.models.functions import Now

from reversible_migrations.alerts import claims
from reversible_migrations.alerts.conditions import CONDITIONS, Sign
from reversible_migrations.models import Alert, Run
from reversible_migrations.states import AlertLevel

pytestmark = pytest.mark.usefixtures("library")
FAILED = CONDITIONS["failed"]


@pytest.fixture
def run():
    return Run.objects.create(app="library", name="0002_x", direction="forwards", status="failed", started_at=Now()).pk


def claim(run, condition=FAILED, level=AlertLevel.WARNING, size=0, **options):
    return claims.claim("default", run, condition, Sign("", size=size), level, [], **options)


def test_the_first_has_it_and_the_second_has_not(run):
    assert claim(run).message_id == f"run-{run}-failed-1"
    assert claim(run) is None


def test_a_higher_level_is_news_and_a_lower_one_is_not(run):
    claim(run)

    assert claim(run, level=AlertLevel.CRITICAL).message_id == f"run-{run}-failed-2"
    assert claim(run, level=AlertLevel.INFO) is None


def test_the_end_is_told_by_one(run):
    first, second = claim(run), Alert.objects.get()

    assert claims.claim_end("default", first, []).kind == "recovery"
    assert claims.claim_end("default", second, []) is None


def test_a_retry_is_made_by_one_and_keeps_the_id(run):
    first, second = claim(run), Alert.objects.get()

    assert claims.claim_retry("default", first).message_id == second.message_id
    assert claims.claim_retry("default", second) is None


def test_what_became_of_a_message_is_not_noted_over_a_newer_one(run):
    old = claim(run)
    newer = claim(run, level=AlertLevel.CRITICAL)
    Alert.objects.update(owed="slack")

    claims.note("default", old, [])
    assert Alert.objects.get().owed == "slack"

    claims.note("default", newer, [])
    assert Alert.objects.get().owed == ""


def test_an_alert_about_the_database_is_of_no_run():
    alert = claim(None, CONDITIONS["mismatch"])

    assert (alert.subject, alert.run, alert.message_id) == ("database", None, "database-mismatch-1")
    assert claim(None, CONDITIONS["mismatch"]) is None


def test_what_does_not_last_is_told_again_only_when_it_has_grown(run):
    conflicts = CONDITIONS["conflicts"]
    assert claim(run, conflicts, size=2) is not None

    assert claim(run, conflicts, size=19) is None
    assert claim(run, conflicts, size=20) is not None
    assert Alert.objects.get().resolved_at is not None


def test_a_run_that_is_gone_has_no_alert():
    assert claim(10**9) is None
