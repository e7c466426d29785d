"""A page shows which actions a run allows, by the rules that refuse the others."""

import pytest

from reversible_migrations.databases import database
from reversible_migrations.models import Run
from reversible_migrations.overview import read_runs
from reversible_migrations.phases.possible import possible_actions
from tests.management.conftest import command, library
from tests.management.test_safe_rollback import (
    interrupted_patch,
    killed_at_the_first_row,
    living_process,
    migrate,
    rollback,
)

__all__ = ["library"]


def possible(run):
    (seen,) = read_runs("default", run=run.pk)
    return possible_actions(run, seen, database("default"))


def names(run):
    return {name for name, action in possible(run).items() if action.is_possible}


@pytest.mark.usefixtures("library")
class TestPossible:
    def test_of_a_run_that_works(self):
        interrupted_patch()
        with living_process() as owner:
            Run.objects.update(status="running", owner=owner)

            assert names(Run.objects.get()) == {"pause", "cancel", "cancel_and_undo", "set"}

    def test_of_a_run_that_an_operator_has_paused(self):
        interrupted_patch()
        with living_process() as owner:
            Run.objects.update(status="running", owner=owner)
            command("control_migration", str(Run.objects.get().pk), "pause", "--wait", "0")

            assert names(Run.objects.get()) == {"resume", "cancel", "cancel_and_undo", "set"}

    def test_of_an_interrupted_run(self):
        interrupted_patch()

        assert names(Run.objects.get()) == {"cancel", "set", "go_on", "undo"}

    def test_of_a_finished_run_with_rows_set_aside(self):
        migrate("0002")

        found = possible(Run.objects.get())

        assert {name for name, action in found.items() if action.is_possible} == {"undo", "retry"}
        assert "is over: it is done" in found["pause"].why_not
        assert found["retry"].is_order

    def test_of_a_finished_run_whose_rollback_data_is_gone(self):
        migrate("0003")
        command("purge_rollback_data", "--older-than", "0d")

        found = possible(Run.objects.get(name="0003_recorded"))

        assert not found["undo"].is_possible
        assert "was purged on" in found["undo"].why_not

    def test_of_an_undone_run_and_of_its_undo(self):
        migrate("0002")
        rollback("0001")
        forward, undo = Run.objects.order_by("pk")

        assert names(forward) == {"go_on"}
        assert names(undo) == set()

    def test_of_an_undo_that_was_killed(self):
        migrate("0002")
        killed_at_the_first_row(rollback, "0001")
        undo = Run.objects.get(direction="backwards")

        assert "undo" in names(undo)
        assert not {"go_on", "retry"} & names(undo)
