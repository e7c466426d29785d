"""``watch_runs`` and ``send_test_alert``: what they say, and how they end."""

import json

import pytest
from django.core.management.base import CommandError

from reversible_migrations.models import Alert, JournalTable
from tests.alerts.conftest import Kept
from tests.alerts.test_watching import failed
from tests.management.conftest import command
from tests.management.test_safe_rollback import migrate
from tests.verification.faults import run_sql

pytestmark = pytest.mark.usefixtures("library")


class TestWatchRuns:
    def test_it_says_what_it_told_and_to_whom(self, kept):
        failed()

        said = command("watch_runs")

        assert said.splitlines() == [
            "[critical] library.0002_prices has failed",
            "  StepFailed",
            "  log: sent",
            "  kept: sent",
        ]
        assert command("watch_runs") == "There is nothing new to tell.\n"

    def test_json_has_the_message_and_the_deliveries(self, kept):
        run = failed()

        (told,) = json.loads(command("watch_runs", "--json"))["told"]

        assert told["message"]["run"] == run.pk
        assert told["message"]["id"] == f"run-{run.pk}-failed-1"
        assert told["deliveries"][-1] == {"outlet": "kept", "tries": 1, "problem": ""}

    def test_an_outlet_that_fails_is_an_exit_status(self, kept, capsys):
        failed()
        Kept.failing = True

        with pytest.raises(SystemExit) as ended:
            command("watch_runs")

        assert ended.value.code == 1

    def test_a_bad_setting_is_said(self, settings):
        settings.REVERSIBLE_MIGRATIONS = {"ALERTS": {"OUTLETS": ["emial"]}}

        with pytest.raises(CommandError, match="did you mean 'email'"):
            command("watch_runs")

    def test_a_database_that_does_not_verify_is_told_until_it_does(self, kept):
        migrate("0003")
        command("watch_runs")
        kept.clear()
        table = JournalTable.objects.first().table_name
        run_sql(f"DROP TABLE {table}")

        assert "[critical] database 'default' does not verify" in command("watch_runs", "--verify")
        assert "nothing new" in command("watch_runs", "--verify")

        assert [(message.condition, message.facts["faults"]) for message in kept] == [("mismatch", 1)]
        JournalTable.objects.filter(table_name=table).update(state="purged")
        assert "[over] database 'default' verifies again" in command("watch_runs", "--verify")

    def test_what_verify_migrations_has_found_is_told_without_verifying_anew(self, kept):
        migrate("0002")
        table = JournalTable.objects.first().table_name
        run_sql(f"DROP TABLE {table}")
        with pytest.raises(SystemExit):
            command("verify_migrations")

        assert "[critical] database 'default' does not verify" in command("watch_runs")
        assert "nothing new" in command("watch_runs")

        JournalTable.objects.filter(table_name=table).update(state="purged")
        assert "nothing new" in command("watch_runs")
        command("verify_migrations")
        assert "[over] database 'default' verifies again" in command("watch_runs")
        told = [(message.kind, message.facts["faults"]) for message in kept if message.condition == "mismatch"]
        assert told == [("alert", 1), ("recovery", 0)]


class TestSendTestAlert:
    def test_every_outlet_is_shown(self, kept):
        assert command("send_test_alert").splitlines() == ["log: sent", "kept: sent"]

        (message,) = kept
        assert (message.kind, message.level) == ("test", "critical")
        assert not Alert.objects.exists()

    def test_one_that_failed_is_an_exit_status(self, kept, capsys):
        Kept.failing = True

        with pytest.raises(SystemExit) as ended:
            command("send_test_alert", "--level", "info")

        assert ended.value.code == 1

    def test_one_outlet_alone_can_be_tried(self, kept):
        assert json.loads(command("send_test_alert", "--outlet", "kept", "--json"))["deliveries"] == [
            {"outlet": "kept", "tries": 1, "problem": ""}
        ]

    def test_an_unknown_outlet_is_refused_with_the_nearest(self, kept):
        with pytest.raises(CommandError, match="there is no outlet 'ketp'; known are kept"):
            command("send_test_alert", "--outlet", "ketp")
