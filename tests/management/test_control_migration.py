"""What ``control_migration`` refuses changes nothing; of a run that nobody has in hand, the rest is done at once."""

import io
import json
import time

import pytest
from django.core.management import call_command, load_command_class
from django.core.management.base import CommandError
from django.db.models.functions import Now

from reversible_migrations.models import QuarantinedRow, Run, Wish
from tests.management.conftest import applied, books, command
from tests.management.library import moments
from tests.management.library.models import Book
from tests.management.test_preview_patch import interrupt_at
from tests.management.test_safe_rollback import interrupted_patch, living_process, migrate, rollback
from tests.situations.running import ended_process


def control(*arguments, **options):
    return command("control_migration", str(Run.objects.latest("pk").pk), *arguments, **options)


def refused(*arguments):
    """Return why it was refused; the exit status is 1, and no wish is left that was not there."""
    wishes, run = Wish.objects.count(), Run.objects.values().last()
    with pytest.raises(CommandError) as error:
        control(*arguments)
    assert error.value.returncode == 1
    assert Wish.objects.count() == wishes
    assert Run.objects.values().last() == run
    return str(error.value)


@pytest.mark.usefixtures("library")
class TestWhatIsRefused:
    @pytest.mark.parametrize("action", ["pause", "resume", "cancel"])
    def test_of_a_run_that_is_over(self, action):
        migrate("0002")

        assert "is over: it is done" in refused(action)

    def test_changes_of_a_run_that_is_over(self):
        migrate("0002")

        assert "is over: it is done" in refused("set", "batch_size=5")

    @pytest.mark.parametrize("action", ["pause", "resume", "retry-quarantined"])
    def test_of_a_run_that_nobody_has_in_hand(self, action):
        interrupted_patch()

        why = refused(action)

        assert "no process has it in hand" in why
        assert "migrate library 0002_prices" in why

    @pytest.mark.parametrize("action", ["pause", "resume"])
    def test_of_a_run_whose_process_has_died(self, action):
        interrupted_patch()
        Run.objects.update(status="paused", owner=ended_process(), waiting="paused by ada")

        assert "no process has it in hand" in refused(action)

    def test_a_pause_before_the_first_one_is_heeded(self):
        interrupted_patch()
        with living_process() as owner:
            Run.objects.update(status="running", owner=owner)
            control("pause", "--reason", "closing", "--wait", "0")

            assert "closing already" in refused("pause")

    def test_the_end_of_a_wait_for_something_else(self):
        interrupted_patch()
        with living_process() as owner:
            Run.objects.update(status="paused", owner=owner, waiting="outside its window 01:00-02:00")

            why = refused("resume")

        assert "is not paused by anybody" in why
        assert "outside its window 01:00-02:00" in why

    def test_a_pause_that_an_earlier_process_heeded_does_not_count(self):
        interrupted_patch()
        Wish.objects.create(run=Run.objects.get(), action="pause", by="ada", at=Now(), heeded_at=Now())
        with living_process() as owner:
            Run.objects.update(status="running", owner=owner)

            assert "is not paused by anybody" in refused("resume")
            assert "recorded" in control("pause", "--wait", "0")

    def test_a_run_that_is_not_there(self):
        with pytest.raises(CommandError, match="run 99"):
            command("control_migration", "99", "pause")

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            ("batch_sise=5", "Known are batch_size."),
            ("on_conflikt=keep", "Known are on_conflict."),
            ("retention_days=5", "is not known"),
            ("batch_size", "Write it as name=value"),
            ("batch_size=many", "must be int or None"),
            ("batch_size=0", "must be 1 or more"),
            ("pause_seconds=-1", "must be 0 or more"),
            ("pause_seconds=inf", "must be a finite number"),
            ("pause_seconds=nan", "must be a finite number"),
            ("parallel=65", "must be 64 or less"),
            ("pace=quick", "must be one of adaptive, fixed"),
            ("window=25:00-03:00", "'25:00' is no time of day"),
            ("window=01:00-03:00 Europe/Berlim", "did you mean Europe/Berlin?"),
            ("limit.cpuu=50", "there is no gauge 'cpuu'; known are cpu"),
            ("limit.cpu=much", "is no number"),
            ("limit.cpu=-5", "must be a number of 0 or more"),
            ("limit.cpu=nan", "must be a finite number"),
        ],
    )
    def test_a_name_or_value_that_makes_no_sense(self, change, why):
        interrupted_patch()

        assert why in refused("set", "max_failed_share=1", change)

    @pytest.mark.parametrize(
        "arguments", [("pause", "--undo"), ("set",), ("pause", "batch_size=5")], ids=["--undo", "set", "pause"]
    )
    def test_arguments_that_do_not_go_together(self, arguments):
        interrupted_patch()

        assert refused(*arguments)


@pytest.mark.usefixtures("library")
class TestUnattendedRuns:
    def test_is_cancelled_at_once_with_who_and_why_and_can_be_gone_on_with(self):
        interrupted_patch()

        said = control("cancel", "--reason", "wrong day")

        run = Run.objects.get()
        assert "it is cancelled" in said
        assert (run.status, run.owner) == ("cancelled", {})
        assert run.error.startswith("was cancelled by ")
        assert run.error.endswith(": wrong day.")
        assert "is cancelled already" in refused("cancel")

        migrate("0002")

        assert applied() == ["0001", "0002"]
        assert Run.objects.get().error == ""

    @pytest.mark.parametrize("status", ["running", "paused", "interrupted", "failed"])
    def test_cancelling_with_undo_brings_every_row_back(self, status):
        start = books()
        interrupted_patch()
        Run.objects.update(status=status, owner=ended_process())
        assert books() != start

        control("cancel", "--undo")

        assert books() == start
        assert list(Run.objects.order_by("pk").values_list("status", flat=True)) == ["undone", "done"]

    def test_changed_settings_count_when_it_is_gone_on_with(self):
        interrupted_patch()

        said = control("set", "batch_size=1", "limit.memory=none", "--wait", "60")

        assert "no process has the run in hand" in said
        wish = Wish.objects.get()
        assert wish.options == {"BATCH_SIZE": 1, "LIMITS": {"memory": None}}
        assert wish.by
        before = batches()
        migrate("0002")
        assert batches() - before >= 5  # of one row each, and not of two

    def test_of_a_limit_only_the_named_one_is_changed(self):
        interrupted_patch()
        control("set", "limit.memory=none")
        control("set", "limit.cpu=50")

        migrate("0002")

        assert [wish.heeded_at is not None for wish in Wish.objects.all()] == [True, True]
        assert applied() == ["0001", "0002"]


def batches():
    return sum(place.batches for step in Run.objects.get().steps.all() for place in step.ranges.all())


@pytest.mark.usefixtures("library")
class TestRowsSetAside:
    def mended(self):
        """Return the start, with the row mended that the patch has set aside."""
        migrate("0002")
        assert QuarantinedRow.objects.count() == 1
        Book.objects.filter(title="torn").update(title=" whole ")

    def test_are_taken_up_once_the_cause_is_mended_and_undone_exactly(self):
        start = books()
        self.mended()

        said = control("retry-quarantined", "--reason", "mended")

        assert "it is done" in said
        assert Book.objects.get(pk=3).title == "whole"
        assert not QuarantinedRow.objects.exists()
        run = Run.objects.get()
        assert (run.status, run.holds) == ("done", None)
        assert [step.rows_failed for step in run.steps.all()] == [0, 0, 0, 0]
        assert Wish.objects.get().heeded_at is not None

        rollback()

        assert books() == with_title(start, 3, " whole ")
        assert applied() == ["0001"]

    def test_stay_aside_if_they_fail_again(self):
        start = books()
        migrate("0002")

        control("retry-quarantined")

        assert QuarantinedRow.objects.count() == 1
        assert Run.objects.get().status == "done"
        rollback()
        assert books() == start

    def test_of_a_working_run_are_taken_up_at_the_end_of_the_step(self):
        def mend_and_ask(book):
            if book.pk == 4:  # a batch after row 3 was set aside
                Book.objects.filter(title="torn").update(title=" whole ")
                Wish.objects.create(run=Run.objects.get(), action="retry", at=Now())
                time.sleep(1.1)  # wishes are looked for once a second

        moments.append(mend_and_ask)

        migrate("0002")

        assert Book.objects.get(pk=3).title == "whole"
        assert not QuarantinedRow.objects.exists()
        assert Wish.objects.get().heeded_at is not None

    def test_of_a_run_without_any_there_is_nothing_to_do(self):
        self.mended()
        control("retry-quarantined")

        assert "has no rows set aside" in refused("retry-quarantined")

    def test_interrupted_it_is_asked_for_again(self):
        start = books()
        self.mended()
        moments.append(interrupt_at(3))
        with pytest.raises(KeyboardInterrupt):
            control("retry-quarantined")
        moments.clear()
        assert Run.objects.get().status == "interrupted"

        control("retry-quarantined")

        assert Run.objects.get().status == "done"
        assert Book.objects.get(pk=3).title == "whole"
        rollback()
        assert books() == with_title(start, 3, " whole ")

    def test_cannot_be_taken_up_where_the_rollback_data_is_gone(self):
        self.mended()
        command("purge_rollback_data", "--older-than", "0m")

        assert "was purged on" in refused("retry-quarantined")
        assert Book.objects.get(pk=3).title == " whole "


def with_title(stock, number, title):
    rows, notes = stock
    return [(key, title if key == number else known, price) for key, known, price in rows], notes


@pytest.mark.usefixtures("library")
class TestWords:
    def test_as_json_it_is_one_object(self):
        interrupted_patch()

        said = json.loads(control("cancel", "--undo", "--json"))

        assert said == {
            "version": 1, "database": "default", "run": 1, "action": "cancel", "options": {}, "heeded": True,
            "status": "cancelled",
        }  # fmt: skip

    def test_as_json_changed_settings_are_in_it(self):
        interrupted_patch()

        said = json.loads(control("set", "parallel=2", "limit.cpu=60.5", "--json"))

        assert said["options"] == {"PARALLEL": 2, "LIMITS": {"cpu": 60.5}}
        assert (said["heeded"], said["status"]) == (False, "interrupted")

    def test_help_names_every_action(self):
        out = io.StringIO()

        load_command_class("reversible_migrations", "control_migration").create_parser("manage.py", "c").print_help(out)

        for action in ("pause", "resume", "cancel", "set", "retry-quarantined"):
            assert f"{action}:" in " ".join(out.getvalue().split())

    def test_an_unknown_action_is_refused(self):
        with pytest.raises(CommandError, match="invalid choice"):
            call_command("control_migration", "1", "stop")
