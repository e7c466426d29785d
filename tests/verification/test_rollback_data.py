"""Rollback data that was lost, changed, forgotten or kept too long, and what could still be undone."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from reversible_migrations.databases import database
from reversible_migrations.models import JournalTable, Run, Step
from reversible_migrations.verification import Level
from tests.management.conftest import command
from tests.management.library.models import Book
from tests.management.test_safe_rollback import migrate, rollback
from tests.verification.faults import found, planted, result_of, run_sql

pytestmark = pytest.mark.usefixtures("library")


def journal(kind):
    return JournalTable.objects.get(kind=kind, step__run__name="0002_prices", position=0, step__number=NUMBERS[kind])


NUMBERS = {"update": 1, "create": 3, "delete": 4}


class TestJournals:
    def test_a_dropped_journal_is_an_error(self):
        migrate("0002")
        run_sql(f"DROP TABLE {journal('update').table_name}")

        (said,) = found("journals", level=Level.ERROR)

        assert said.startswith("library.0002_prices, step 1 (update library.Book): its rollback data")
        assert "(5 rows) is gone" in said

    @pytest.mark.parametrize("kind", NUMBERS)
    def test_a_journal_that_lost_a_row_is_an_error(self, kind):
        migrate("0002")
        name = journal(kind).table_name
        run_sql(f"DELETE FROM {name} WHERE batch = (SELECT max(batch) FROM {name})")

        (said,) = found("journals", level=Level.ERROR)

        assert "when it was recorded" in said

    def test_a_step_that_changed_more_rows_than_its_journal_has_is_an_error(self):
        migrate("0002")
        Step.objects.filter(number=1).update(rows_done=6)

        assert found("journals") == [
            "library.0002_prices, step 1 (update library.Book): changed 6 rows, and its rollback data has 5 of them."
        ]

    def test_a_recording_is_compared_by_its_changes(self):
        migrate("0003")
        healthy = found("journals")
        name = JournalTable.objects.get(kind="record").table_name
        run_sql(f"DELETE FROM {name}")

        assert healthy == []
        assert len(found("journals", level=Level.ERROR)) == 1

    def test_a_large_journal_is_estimated_and_says_so(self):
        migrate("0002")
        JournalTable.objects.filter(pk=journal("update").pk).update(rows=200_000)

        result = result_of("journals")

        assert "about 5 rows, and had 200,000" in result.findings[0].message
        assert "estimated; --rows counts them" in result.sampled[0]
        assert "has 5 rows" in result_of("journals", rows=True).findings[0].message

    def test_what_was_undone_needs_no_journal(self):
        migrate("0002")
        rollback()
        run_sql(*(f"DROP TABLE IF EXISTS {each.table_name}" for each in JournalTable.objects.all()))

        assert found("journals") == []


class TestLeftovers:
    def test_a_journal_that_no_ledger_knows_is_a_warning(self):
        with planted("CREATE TABLE rm_journal_777_0 (batch integer)", cure=["DROP TABLE rm_journal_777_0"]):
            (finding,) = result_of("leftovers").findings

        assert (finding.level, finding.where) == (Level.WARNING, "rm_journal_777_0")
        assert finding.hint.endswith('DROP TABLE "rm_journal_777_0";')

    def test_a_retired_column_that_no_ledger_knows_is_a_warning(self):
        column = "rm_retired_7_0"
        add, drop = (
            f"ALTER TABLE library_note {do}" for do in (f"ADD COLUMN {column} integer", f"DROP COLUMN {column}")
        )
        with planted(add, cure=[drop]):
            (finding,) = result_of("leftovers").findings

        assert finding.where == "library_note.rm_retired_7_0"
        assert finding.hint.endswith('ALTER TABLE "library_note" DROP COLUMN "rm_retired_7_0";')

    def test_a_retired_table_that_is_gone_is_an_error(self):
        migrate("0002")
        self.retire("rm_retired_1_9")

        (finding,) = result_of("leftovers").findings

        assert (finding.level, finding.where) == (Level.ERROR, "library_note.rm_retired_1_9")

    def test_a_retired_column_that_the_ledger_knows_is_no_leftover(self):
        migrate("0002")
        self.retire("rm_retired_1_9")
        add, drop = "ADD COLUMN rm_retired_1_9 integer", "DROP COLUMN rm_retired_1_9"
        with planted(f"ALTER TABLE library_note {add}", cure=[f"ALTER TABLE library_note {drop}"]):
            assert found("leftovers") == []

    def test_what_belongs_to_no_app_is_left_out_for_one_app(self):
        with planted("CREATE TABLE rm_journal_777_0 (batch integer)", cure=["DROP TABLE rm_journal_777_0"]):
            assert found("leftovers", apps=["library"]) == []

    def test_a_journal_that_came_back_after_its_purge_is_a_warning(self):
        migrate("0002")
        name = journal("update").table_name
        command("purge_rollback_data", "--older-than", "0d")
        with planted(f"CREATE TABLE {name} (batch integer)", cure=[f"DROP TABLE {name}"]):
            assert found("leftovers") == [f"{name}: should have been purged: nothing will use it."]

    def retire(self, name):
        JournalTable.objects.create(
            step=Step.objects.first(), position=9, table_name=name, kind="retired", model="library.Note",
            target='"library_note"', keys=[], columns={"order": [], "types": {}},
        )  # fmt: skip


class TestConflicts:
    def test_rows_that_were_changed_since_are_counted(self):
        migrate("0002")
        Book.objects.filter(pk__in=[1, 2]).update(price=7)

        assert found("conflicts") == [
            "library.0002_prices, step 1 (update library.Book): 2 of 5 rows were changed since."
        ]
        assert [finding.level for finding in result_of("conflicts").findings] == [Level.INFO]

    def test_what_a_newer_patch_changed_is_no_conflict(self):
        migrate("0004")

        assert found("conflicts", migrations=[("library", "0002_prices")]) == []

    def test_a_large_step_is_compared_on_request_only(self):
        migrate("0002")
        Book.objects.filter(pk=1).update(price=7)
        Step.objects.filter(number=1).update(rows_done=20_000)

        quick = result_of("conflicts")

        assert quick.findings == ()
        assert "20,000 rows not compared; --conflicts does" in quick.sampled[0]
        assert len(found("conflicts", conflicts=True)) == 1

    def test_a_recording_that_is_not_summed_up_yet_is_said_not_to_be_compared(self):
        migrate("0003")

        result = result_of("conflicts")

        assert any("has to be summed up first" in text for text in result.sampled)
        assert not database("default").has_table('"rm_journal_5_0_net"')

    def test_a_purged_step_is_not_compared(self):
        migrate("0002")
        command("purge_rollback_data", "--older-than", "0d")

        assert found("conflicts") == []


class TestReadiness:
    def readiness(self, **options):
        return [said for said in found("readiness", **options) if said.startswith("library.")]

    def test_what_can_be_undone_is_not_spoken_of(self):
        migrate("0004")

        assert self.readiness() == []

    def test_a_purged_migration_says_since_when_it_cannot_be_undone(self):
        migrate("0002")
        command("purge_rollback_data", "--older-than", "0d")

        (said,) = self.readiness(level=Level.INFO)

        assert f"was purged on {timezone.now():%Y-%m-%d}" in said

    def test_a_newer_migration_that_cannot_be_undone_blocks_the_older_ones(self):
        migrate("0005")

        assert [said.partition(" ")[0] for said in self.readiness()] == [
            "library.0002_prices:", "library.0003_recorded:", "library.0004_ordinary:",
        ]  # fmt: skip
        assert all(
            "library.0005_one_way, which has to be undone before it, cannot" in said for said in self.readiness()
        )

    def test_a_table_that_was_changed_behind_the_migrations_is_a_warning(self):
        migrate("0002")
        away, back = (
            "ALTER TABLE library_book RENAME COLUMN price TO cost",
            "ALTER TABLE library_book RENAME COLUMN cost TO price",
        )
        with planted(away, cure=[back]):
            said = self.readiness(level=Level.WARNING)

        assert [each.rpartition(": ")[2] for each in said] == [
            "column price is gone."
        ] * 2  # of the update and the delete


class TestRetention:
    def test_rollback_data_past_retention_is_a_warning_with_its_size(self):
        migrate("0002")
        Run.objects.update(finished_at=timezone.now() - timedelta(days=31))

        (finding,) = result_of("retention").findings

        assert finding.level == Level.WARNING
        assert finding.message.startswith("keeps 4 tables or columns (10 rows, ")
        assert (finding.facts["tables"], finding.facts["rows"]) == (4, 10)
        if connection.vendor == "postgresql":
            assert finding.facts["bytes"] > 0

    def test_of_a_younger_run_nothing_is_said(self):
        migrate("0002")
        Run.objects.update(finished_at=timezone.now() - timedelta(days=29))

        assert found("retention") == []
