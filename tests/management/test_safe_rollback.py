"""``safe_rollback`` and plain ``migrate`` backwards: all of the plan, or nothing."""

import json
import subprocess
import sys

import psutil
import pytest
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.exceptions import IrreversibleError

from reversible_migrations.exceptions import Irreversible, LeaseHeld, MissingJournal, RollbackRefused
from reversible_migrations.models import ConflictingRow, JournalTable, Run
from reversible_migrations.runs.lease import this_process
from tests.management.conftest import applied, books, command
from tests.management.library import moments
from tests.management.library.models import Book, Note
from tests.management.test_preview_patch import interrupt_at
from tests.situations.running import Killed, ended_process, killed_at, statements_of


def migrate(name):
    command("migrate", "library", name, verbosity=0)


def rollback(*arguments):
    return command("safe_rollback", "library", *arguments, "--noinput")


def interrupted_patch():
    moments.append(interrupt_at(3))
    with pytest.raises(KeyboardInterrupt):
        migrate("0002")
    moments.clear()


@pytest.mark.usefixtures("library")
class TestWhatIsUndone:
    def test_all_behind_the_target_is_undone(self):
        start = books()
        migrate("0004")

        rollback("0001")

        assert books() == start
        assert applied() == ["0001"]

    def test_without_a_target_the_newest_is_undone(self):
        migrate("0002")
        between = books()
        migrate("0004")

        rollback()
        rollback("--steps", "1")

        assert applied() == ["0001", "0002"]
        assert books() == between

    def test_a_run_is_undone_with_what_depends_on_it(self):
        migrate("0002")
        between = books()
        migrate("0004")
        recorded = Run.objects.get(name="0003_recorded")

        rollback("--run", str(recorded.pk))

        assert applied() == ["0001", "0002"]
        assert books() == between

    def test_an_unfinished_run_is_undone_although_django_does_not_know_it(self):
        start = books()
        interrupted_patch()
        assert books() != start
        assert applied() == ["0001"]

        text = rollback("0001")

        assert "was never finished" in text
        assert books() == start
        assert Run.objects.get(direction="forwards").status == "undone"

    def test_what_was_finished_but_not_recorded_by_django_is_undone(self):
        start = books()
        migrate("0002")
        Run.objects.update(recorded=False)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE app = 'library' AND name = '0002_prices'")

        rollback("0001")

        assert books() == start

    def test_an_undone_migration_can_be_run_and_undone_again(self):
        start = books()
        for _ in range(2):
            migrate("0003")
            rollback("0001")

        assert books() == start

    @pytest.mark.parametrize("share", [0.3, 0.6, 0.8, 0.95])
    @pytest.mark.parametrize("reach", [interrupted_patch, lambda: migrate("0003")], ids=["begun", "applied"])
    def test_killed_in_the_middle_it_goes_on_when_called_again(self, reach, share):
        start = books()
        reach()
        counted = statements_of(rollback, "0001")
        assert books() == start
        reach()

        assert killed_at(int(counted * share), rollback, "0001")
        rollback("0001")

        assert books() == start
        assert applied() == ["0001"]
        assert not Run.objects.filter(holds__isnull=False).exists()

    def test_nothing_to_undo_is_said(self):
        assert "nothing to undo" in rollback("0001")


@pytest.mark.usefixtures("library")
class TestWhatIsRefused:
    def test_an_irreversible_migration_stops_the_whole_plan(self):
        migrate("0005")
        before = books()

        with pytest.raises(CommandError, match=r"0005_one_way.*has no reverse"):
            rollback("0001")

        assert books() == before
        assert applied() == ["0001", "0002", "0003", "0004", "0005"]

    def test_a_purged_journal_stops_the_whole_plan(self):
        migrate("0004")
        before = books()
        command("purge_rollback_data", "--older-than", "0d")

        with pytest.raises(CommandError, match="purged on") as caught:
            rollback("0001")

        assert {"library.0002_prices", "library.0003_recorded", "library.0004_ordinary"} <= {
            name for name in str(caught.value).replace(",", " ").split() if name.startswith("library.")
        }
        assert books() == before
        assert len(applied()) == 4

    def test_a_run_in_the_hands_of_a_living_process_is_left_alone(self):
        interrupted_patch()
        before = books()
        with living_process() as owner:
            Run.objects.update(status="running", owner=owner)

            with pytest.raises(CommandError, match=f"process {owner['pid']}"):
                rollback("0001")

        assert books() == before

    def test_without_a_yes_nothing_is_undone(self, monkeypatch):
        migrate("0002")
        before = books()
        monkeypatch.setattr("builtins.input", lambda question: "y")

        with pytest.raises(CommandError, match="Nothing was undone"):
            command("safe_rollback", "library", "0001")

        assert books() == before

    def test_json_cannot_ask(self):
        with pytest.raises(CommandError, match="cannot ask"):
            command("safe_rollback", "library", "--json")


@pytest.mark.usefixtures("library")
class TestConflicts:
    def conflicts(self):
        return list(ConflictingRow.objects.values_list("key", "reason", "outcome"))

    def changed_since(self):
        migrate("0002")
        Book.objects.filter(pk=2).update(price=7)

    def test_a_dry_run_counts_them_and_changes_nothing(self):
        self.changed_since()
        before = books()

        found = json.loads(command("safe_rollback", "library", "0001", "--dry-run", "--json"))

        (migration,) = found["migrations"]
        assert (found["version"], found["possible"], found["undone"], migration["conflicts"]) == (1, True, False, 1)
        assert books() == before

    def test_a_row_that_a_newer_patch_changed_is_no_conflict(self):
        migrate("0004")

        found = json.loads(command("safe_rollback", "library", "0001", "--dry-run", "--json"))

        assert [migration["conflicts"] for migration in found["migrations"]] == [0, 0, 0]

    def test_keep_leaves_the_row_and_lists_it(self):
        self.changed_since()

        rollback("0001")

        assert Book.objects.get(pk=2).price == 7
        assert self.conflicts() == [("2", "changed", "kept")]

    def test_overwrite_puts_the_old_value_back(self):
        self.changed_since()

        rollback("0001", "--on-conflict", "overwrite")

        assert Book.objects.get(pk=2).price == 20
        assert self.conflicts() == [("2", "changed", "overwritten")]

    def test_abort_refuses_before_the_first_row(self):
        self.changed_since()
        before = books()

        with pytest.raises(CommandError, match="1 rows were changed since"):
            rollback("0001", "--on-conflict", "abort")

        assert books() == before
        assert applied() == ["0001", "0002"]


@pytest.mark.usefixtures("library")
class TestPlainMigrateBackwards:
    def test_it_checks_the_whole_plan_first(self):
        migrate("0004")
        before = books()
        prices = JournalTable.objects.filter(step__run__name="0002_prices").first()
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE {prices.table_name}")

        with pytest.raises(MissingJournal, match="dropped by someone else"):
            migrate("0001")

        assert books() == before
        assert len(applied()) == 4

    def test_an_ordinary_irreversible_migration_is_found_first(self):
        migrate("0005")

        with pytest.raises(Irreversible, match="0005_one_way"):
            migrate("0001")

        assert len(applied()) == 5

    def test_it_is_refused_while_a_dependent_run_is_unfinished(self):
        migrate("0002")
        Run.objects.filter(name="0002_prices").update(recorded=True)
        migrate("0003")
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE app = 'library' AND name = '0003_recorded'")
        Run.objects.filter(name="0003_recorded").update(status="interrupted", holds="library.0003_recorded")

        with pytest.raises(RollbackRefused, match="safe_rollback library --run"):
            migrate("0001")

        assert Note.objects.filter(text="recorded").exists()
        rollback("0001")
        assert applied() == ["0001"]
        assert books()[1] == []

    def test_forwards_again_is_refused_while_the_undo_is_unfinished(self):
        start = books()
        interrupted_patch()
        killed_at_the_first_row(rollback, "0001")

        with pytest.raises(LeaseHeld, match="half undone") as caught:
            migrate("0002")

        undo = Run.objects.get(direction="backwards", finished_at=None)
        assert f"safe_rollback library --run {undo.pk}" in str(caught.value)
        rollback("--run", str(undo.pk))
        assert books() == start
        migrate("0002")

    def test_fake_is_let_through(self):
        migrate("0005")
        before = books()

        command("migrate", "library", "0001", fake=True, verbosity=0)

        assert applied() == ["0001"]
        assert books() == before

    def test_django_itself_would_have_found_it_too_late(self):
        migrate("0005")
        module = sys.modules["tests.management.library.patches.0005_one_way"]

        with pytest.raises(IrreversibleError), connection.schema_editor() as editor:
            module.Migration("0005_one_way", "library").unapply(None, editor)


def killed_at_the_first_row(call, *arguments):
    """Call, and die before the first statement that writes to a book."""

    def kill(execute, sql, params, many, context):
        if sql.startswith(("UPDATE", "INSERT", "WITH")) and '"library_book"' in sql.partition("SELECT")[0]:
            raise Killed
        return execute(sql, params, many, context)

    with pytest.raises(Killed), connection.execute_wrapper(kill):
        call(*arguments)
    connection.close()
    Run.objects.filter(holds__isnull=False).update(owner=ended_process())


class living_process:
    """The description of a process that lives until the block ends."""

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        started = psutil.Process(self.process.pid).create_time()
        return {"host": this_process()["host"], "pid": self.process.pid, "process_started": started}

    def __exit__(self, *error):
        self.process.communicate()
