"""``preview_patch``: what is shown is what ``migrate`` does, and nothing is left behind."""

import json

import pytest
from django.core.management.base import CommandError

from reversible_migrations.models import JournalTable, Run
from tests.management.conftest import books, command
from tests.management.library import moments
from tests.situations.snapshots import journal_tables


def previewed(*arguments):
    found = json.loads(command("preview_patch", "library", *arguments, "--json"))
    assert found["version"] == 1
    return found["preview"]


def rows_of(step):
    return {(t["kind"], t["table"]): [(r["before"], r["after"]) for r in t["rows"]] for t in step["tables"]}


@pytest.mark.usefixtures("library")
class TestPreview:
    def test_every_kind_of_step_is_shown_before_and_after(self):
        update, transform, create, delete = previewed("0002")["steps"]

        prices = rows_of(update)["update", "library_book"]
        titles = rows_of(transform)["update", "library_book"]
        notes = rows_of(create)["create", "library_note"]
        gone = rows_of(delete)["delete", "library_book"]

        assert prices == [({"price": n * 10}, {"price": n * 20}) for n in range(1, 6)]
        assert titles == [({"title": " Emma "}, {"title": "Emma"})]
        assert [(before, after["text"]) for before, after in notes] == [
            (None, "first"), (None, "second"), (None, "third"),
        ]  # fmt: skip
        assert [(before["title"], after) for before, after in gone] == [("lost", None)]
        assert (transform["skipped"], transform["failed"]) == (1, {"ValueError": 1})

    def test_only_the_first_rows_are_touched(self):
        update, transform, create, _ = previewed("0002", "--rows", "2")["steps"]

        assert [step["changed"] for step in (update, transform, create)] == [2, 1, 2]

    def test_nothing_stays_behind(self):
        before = books()

        previewed("0002")

        assert books() == before
        assert not Run.objects.exists()
        assert not JournalTable.objects.exists()
        assert journal_tables() == []

    def test_recorded_code_is_run_on_request_only(self):
        (without,) = previewed("0003")["steps"]
        (with_it,) = previewed("0003", "--run-recorded")["steps"]

        assert "not run" in without["note"]
        assert without["tables"] == []
        created = rows_of(with_it)["create", "library_note"]
        assert [(before, after["text"]) for before, after in created] == [(None, "recorded")]
        assert books()[1] == []

    def test_an_interrupted_patch_shows_what_is_left(self):
        moments.append(interrupt_at(3))
        with pytest.raises(KeyboardInterrupt):
            command("migrate", "library", "0002", verbosity=0)
        moments.clear()
        left = books()

        update, transform, _, _ = previewed("0002")["steps"]

        assert "already" in update["note"]
        assert transform["failed"] == {"ValueError": 1}
        assert transform["tables"] == []
        assert books() == left
        assert Run.objects.get().status == "interrupted"

    def test_an_applied_migration_is_refused(self):
        command("migrate", "library", "0002", verbosity=0)

        with pytest.raises(CommandError, match="applied already"):
            command("preview_patch", "library", "0002")

    def test_an_error_of_the_patch_is_told_and_nothing_stays(self):
        def fail(book):
            raise KeyError("gone")

        moments.append(fail)
        failed = previewed("0002")["steps"][1]["failed"]

        assert failed == {"KeyError": 5}
        assert journal_tables() == []

    def test_a_wrong_name_is_told_in_words(self):
        with pytest.raises(CommandError, match="no migration begins with '9'"):
            command("preview_patch", "library", "9")
        with pytest.raises(CommandError, match="no app with migrations"):
            command("preview_patch", "nowhere", "1")

    def test_people_read_old_and_new_value(self):
        text = command("preview_patch", "library", "0002")

        assert "10 -> 20" in text
        assert "1 row would fail with ValueError" in text
        assert text.rstrip().endswith("Nothing was changed.")


def interrupt_at(number):
    def moment(book):
        if book.pk == number:
            raise KeyboardInterrupt

    return moment
