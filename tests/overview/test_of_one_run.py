"""What is told of one run beside its charts: entries, ranges, source, and rows set aside."""

import pytest

from reversible_migrations.models import KeyRange, Run, Wish
from reversible_migrations.overview import rows_set_aside
from reversible_migrations.overview.entries import MOST, read_entries
from reversible_migrations.overview.ranges import read_ranges
from reversible_migrations.overview.source import source_of
from tests.management.test_safe_rollback import interrupted_patch, migrate, rollback
from tests.overview.histories import at, run_with, status, step_of, tell, tick


@pytest.mark.usefixtures("library")
class TestEntries:
    def test_tell_who_asked_for_what_and_why_beside_what_happened(self):
        run = run_with(status(0, "running"), tick(1, 10), (6, "heeded", "pause of run 1", {"wish": 1}))
        tell(run, status(6, "paused", "paused by ada: lunch"))
        Wish.objects.create(run=run, action="pause", by="ada", reason="lunch", at=at(5), heeded_at=at(6))
        Wish.objects.create(
            run=run, action="set", by="grace", at=at(7), options={"BATCH_SIZE": 500, "LIMITS": {"cpu": 80.0}}
        )

        found = read_entries(run.pk, "default")

        assert [(entry.kind, entry.by, entry.reason, entry.options, entry.is_wish) for entry in found] == [
            ("set", "grace", "", "batch_size=500 limit.cpu=80.0", True),
            ("paused", "", "", "", False),
            ("pause", "ada", "lunch", "", True),
            ("running", "", "", "", False),
        ]
        assert [entry.heeded_at for entry in found if entry.is_wish] == [None, at(6)]

    def test_are_the_newest_if_there_are_many(self):
        run = run_with(*((second, "note", f"note {second}", {}) for second in range(MOST + 20)))

        found = read_entries(run.pk, "default")

        assert (len(found), found[0].text) == (MOST, f"note {MOST + 19}")


@pytest.mark.usefixtures("library")
class TestRanges:
    def test_have_the_keys_between_which_they_lie(self):
        run = run_with()
        step = step_of(run)
        owner = {"host": "db1", "pid": 7}
        KeyRange.objects.create(step=step, number=0, low=None, upper=[50], checkpoint=None)
        KeyRange.objects.create(
            step=step, number=1, low=[50], upper=None, checkpoint=[75], owner=owner, heartbeat=at(0), rows_done=25
        )

        first, second = read_ranges(run.pk, "default")

        assert (first.low, first.upper, first.checkpoint, first.owner) == ("", "50", "", "")
        assert (second.low, second.upper, second.checkpoint, second.rows) == ("50", "", "75", 25)
        assert second.owner == "process 7 on db1"
        assert second.heartbeat_seconds > 0

    def test_of_the_newest_step_come_first_and_no_more_than_asked_for(self):
        migrate("0002")
        run = Run.objects.get()

        found = read_ranges(run.pk, "default")

        assert [place.step for place in found] == sorted((place.step for place in found), reverse=True)
        assert all(place.status == "done" for place in found)
        assert len(read_ranges(run.pk, "default", most=2)) == 2


@pytest.mark.usefixtures("library")
class TestSource:
    def test_is_the_code_of_the_installed_migration(self):
        found = source_of("library", "0002_prices")

        assert found.module == "tests.management.library.patches.0002_prices"
        assert "def patch(self, apps, patch):" in found.text
        assert not found.is_cut

    @pytest.mark.parametrize(
        ("app", "name"),
        [
            ("library", "0099_gone"),
            ("library", "__init__"),
            ("library", "../models"),
            ("library.models", "Book"),
            ("nothing", "0001_initial"),
            ("os", "path"),
        ],
    )
    def test_of_anything_else_is_not_shown(self, app, name):
        assert source_of(app, name) is None


@pytest.mark.usefixtures("library")
class TestRowsSetAside:
    def test_are_the_first_of_each_kind_where_only_some_are_wanted(self):
        interrupted_patch()
        migrate("0002")
        run = Run.objects.get()
        (row,) = rows_set_aside("default", run.pk)

        assert rows_set_aside("default", run.pk, most=0) == []
        assert rows_set_aside("default", run.pk, most=1) == [row]
        rollback()
