"""``migration_status`` says what the ledger knows, and shows no value of a row unasked."""

import json

import pytest
from django.core.management.base import CommandError
from django.db import connection

from reversible_migrations.models import JournalTable, Run
from tests.management.conftest import command
from tests.management.library.models import Book
from tests.management.test_safe_rollback import interrupted_patch, living_process, migrate, rollback
from tests.situations.running import ended_process


def status(*arguments, **options):
    found = json.loads(command("migration_status", *arguments, "--json", **options))
    assert (found["version"], found["database"]) == (1, "default")
    return found


@pytest.mark.usefixtures("library")
class TestStatus:
    def test_without_runs_it_says_so(self):
        assert "No migration has been run" in command("migration_status")

    def test_open_runs_come_first_then_the_newest(self):
        migrate("0004")
        Run.objects.filter(name="0003_recorded").update(status="failed")

        names = [run["name"] for run in status()["runs"]]

        assert names == ["0003_recorded", "0004_ordinary", "0002_prices"]

    def test_a_finished_run_can_be_undone(self):
        migrate("0002")

        (run,) = status()["runs"]

        assert (run["status"], run["rollback"]) == ("done", "possible")
        assert [(step["kind"], step["rows"], step["percent"]) for step in run["steps"]] == [
            ("update", 5, 100), ("transform", 1, 100), ("create", 3, 100), ("delete", 1, 100),
        ]  # fmt: skip
        assert {journal["state"] for journal in run["journals"]} == {"kept"}
        assert all(journal["expires_at"] for journal in run["journals"])
        assert f"safe_rollback library --run {run['id']}" in run["next"]

    def test_a_run_whose_process_has_ended_is_interrupted(self):
        interrupted_patch()
        Run.objects.update(status="running", owner=ended_process())

        (run,) = status()["runs"]

        assert run["status"] == "interrupted"
        assert "migrate library 0002_prices" in run["next"]
        assert "safe_rollback" in run["next"]

    def test_a_run_of_a_living_process_is_running(self):
        interrupted_patch()
        with living_process() as owner:
            Run.objects.update(status="running", owner=owner)

            (run,) = status()["runs"]

        assert run["status"] == "running"
        assert run["owner"].startswith(f"process {owner['pid']} on ")

    def test_a_dropped_journal_makes_undo_impossible(self):
        migrate("0002")
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE {JournalTable.objects.first().table_name}")

        (run,) = status()["runs"]

        assert run["rollback"] == "impossible"
        assert "dropped by someone else" in run["rollback_fault"]
        assert "dropped by someone else" in command("migration_status")

    def test_an_undone_run_and_its_undo_are_told_apart(self):
        migrate("0002")
        rollback()

        undo, forward = status("library")["runs"]

        assert (undo["direction"], undo["undoes"], undo["rollback"]) == ("backwards", forward["id"], "")
        assert (forward["status"], forward["rollback"]) == ("undone", "undone")

    def test_rows_set_aside_are_listed_by_key_and_type_of_error(self):
        migrate("0002")
        number = str(Run.objects.get().pk)

        quiet = command("migration_status", "--run", number)
        loud = command("migration_status", "--run", number, verbosity=2)

        (row,) = status("--run", number)["rows_set_aside"]
        assert (row["key"], row["problem"], row["outcome"], row["error"]) == ("3", "ValueError", "quarantined", "")
        assert "ValueError" in quiet
        assert "a torn title page" not in quiet
        assert "a torn title page" in loud

    def test_conflicts_of_an_undo_are_listed(self):
        migrate("0002")
        Book.objects.filter(pk=2).update(price=7)
        rollback()
        number = str(Run.objects.get(direction="backwards").pk)

        (row,) = status("--run", number)["rows_set_aside"]

        assert (row["target"].strip('"'), row["key"], row["problem"], row["outcome"]) == (
            "library_book", "2", "changed", "kept",
        )  # fmt: skip

    def test_no_value_of_a_row_is_shown(self):
        Book.objects.filter(pk=1).update(title=" a secret title ")
        migrate("0002")

        shown = command("migration_status") + command("migration_status", "--run", str(Run.objects.get().pk))

        assert "secret" not in shown + json.dumps(status())

    def test_other_apps_are_left_out(self):
        migrate("0002")

        assert status("auth")["runs"] == []

    def test_watching_ends_when_no_run_is_open(self):
        migrate("0002")

        assert "library.0002_prices" in command("migration_status", "--watch")

    def test_an_unknown_run_is_told(self):
        with pytest.raises(CommandError, match="There is no run 99"):
            command("migration_status", "--run", "99")
