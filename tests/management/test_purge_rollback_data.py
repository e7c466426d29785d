"""``purge_rollback_data`` drops old journals, and those only."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from reversible_migrations.models import JournalTable, Run
from tests.management.conftest import command
from tests.management.test_safe_rollback import interrupted_patch, migrate
from tests.situations.snapshots import journal_tables


def purge(*arguments):
    found = json.loads(command("purge_rollback_data", *arguments, "--json"))
    assert found["version"] == 1
    return found


def ended(days):
    """Let all runs have ended so many days ago."""
    Run.objects.update(finished_at=timezone.now() - timedelta(days=days))


@pytest.mark.usefixtures("library")
class TestPurge:
    def test_by_default_the_retention_of_the_project_counts(self, settings):
        settings.REVERSIBLE_MIGRATIONS = {"RETENTION_DAYS": 3}
        migrate("0002")

        ended(days=2)
        kept = purge()
        ended(days=4)
        dropped = purge()

        assert (kept["older_than_days"], kept["journals"]) == (3, [])
        assert {journal["target"] for journal in dropped["journals"]} == {"library_book", "library_note"}
        assert dropped["rows"] == 5 + 1 + 3 + 1
        assert journal_tables() == []
        assert set(JournalTable.objects.values_list("state", flat=True)) == {"purged"}

    def test_a_dry_run_drops_nothing(self):
        migrate("0002")
        ended(days=40)
        before = journal_tables()

        listed = purge("--dry-run")

        assert sorted(journal["table"] for journal in listed["journals"]) == before
        assert journal_tables() == before

    def test_an_unfinished_run_keeps_its_journals(self):
        interrupted_patch()
        before = journal_tables()

        assert purge("--older-than", "0d")["journals"] == []
        assert journal_tables() == before

    def test_again_there_is_nothing_left(self):
        migrate("0002")
        purge("--older-than", "0m")

        assert purge("--older-than", "0m")["journals"] == []

    def test_people_read_tables_rows_and_size(self):
        migrate("0002")

        text = command("purge_rollback_data", "--older-than", "0h", "--dry-run")

        assert "library.0002_prices" in text
        assert "4 tables, 10 rows" in text
        assert "would be dropped" in text
