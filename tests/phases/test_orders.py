"""What is ordered is done by another process, once, for whoever ordered it; a failure is kept in words."""

import os
import time
from datetime import timedelta

import pytest
from django.core.management.base import CommandError
from django.db import connection
from django.db.models import F
from django.utils import timezone

from reversible_migrations.exceptions import CannotStart, UnknownMigration, WishRefused
from reversible_migrations.models import Event, Order, Run, Wish
from reversible_migrations.overview.orders import read_order, read_orders
from reversible_migrations.phases.orders import (
    PATIENCE_SECONDS,
    order_cancel_and_undo,
    order_migration,
    order_phase,
    order_retry,
    order_start,
    order_undo,
)
from reversible_migrations.states import Phase
from tests.management.conftest import applied, books, command, library
from tests.management.library.models import Book
from tests.management.test_safe_rollback import interrupted_patch, living_process, migrate
from tests.phases import starters
from tests.progress.test_terminal import ROOT, environment
from tests.situations.running import ended_process

__all__ = ["library"]

LONGEST_SECONDS = 120
NAME = "0002_prices"


def wait_until(condition):
    until = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited {LONGEST_SECONDS} s in vain; orders: {list(Order.objects.values())}")


def starting_by(settings, name):
    settings.REVERSIBLE_MIGRATIONS = {"START_RUNS": f"tests.phases.starters.{name}", "LIMITS": {"cpu": None}}


@pytest.fixture
def queue(settings, library):
    """Orders are kept in a list, until the test lets them be carried out."""
    starting_by(settings, "note")
    starters.noted.clear()
    return starters.noted


@pytest.fixture
def at_once(settings, library):
    starting_by(settings, "at_once")


@pytest.fixture
def processes(monkeypatch, library):
    """Processes that are started work on the test's database."""
    connection.close()
    for name, value in environment(DJANGO_SETTINGS_MODULE="tests.management.process_settings").items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)


@pytest.mark.usefixtures("at_once")
class TestCarriedOut:
    def test_a_migration_is_applied_for_whoever_ordered_it(self):
        order = order_migration("default", "library", NAME, "ada", "month end")

        run = Run.objects.get()
        done = read_order("default", order.pk)
        assert (run.status, run.started_by) == ("done", "ada")
        assert (done.state, done.run, done.error, done.exit_status) == ("done", run.pk, "", 0)
        event = Event.objects.get(run=run, kind="ordered")
        assert event.facts == {"order": order.pk, "by": "ada", "reason": "month end"}

    def test_an_interrupted_run_is_gone_on_with(self):
        interrupted_patch()

        order_start("default", Run.objects.get(), "ada", "")

        assert Run.objects.get().status == "done"
        assert applied() == ["0001", "0002"]

    def test_a_run_is_undone(self):
        start = books()
        migrate("0002")

        order = order_undo("default", Run.objects.get(), "ada", "wrong prices")

        undo = Run.objects.get(direction="backwards")
        assert books() == start
        assert undo.started_by == "ada"
        assert read_order("default", order.pk).run == undo.pk

    def test_conflicts_are_treated_as_asked(self):
        start = books()
        migrate("0002")
        Book.objects.filter(pk=2).update(price=7)

        order_undo("default", Run.objects.get(), "ada", "", on_conflict="overwrite")

        assert books() == start

    def test_rows_set_aside_of_a_finished_run_are_tried_again(self):
        migrate("0002")
        Book.objects.filter(title="torn").update(title=" whole ")

        order_retry("default", Run.objects.get(), "ada", "--undo: no, mended")

        assert Book.objects.get(pk=3).title == "whole"
        assert (Wish.objects.get().by, Wish.objects.get().reason) == ("ada", "--undo: no, mended")

    def test_a_run_is_cancelled_and_undone(self):
        start = books()
        interrupted_patch()

        order_cancel_and_undo("default", Run.objects.get(), "ada", "")

        assert books() == start

    def test_a_failure_is_kept_in_words_and_another_can_be_ordered(self):
        migrate("0002")
        command("purge_rollback_data", "--older-than", "0d")

        for _ in range(2):
            with pytest.raises(CannotStart, match="CommandError"):
                order_undo("default", Run.objects.get(), "ada", "")

        (order,) = read_orders("default")
        assert order.state == "failed"
        assert order.exit_status == 1
        assert "was purged on" in order.error

    def test_what_failed_is_not_shown_any_more_once_it_went_well(self):
        Order.objects.create(
            kind="start",
            subject=f"library.{NAME}",
            arguments=[],
            at=timezone.now(),
            ended_at=timezone.now(),
            exit_status=1,
        )
        assert [order.state for order in read_orders("default")] == ["failed"]

        order_migration("default", "library", NAME, "ada", "")

        assert read_orders("default") == []


class TestTwoOperators:
    def test_the_second_is_told_who_was_first(self, queue):
        order_migration("default", "library", NAME, "ada", "")

        with pytest.raises(WishRefused, match=r"ada has ordered already: start"):
            order_migration("default", "library", NAME, "grace", "")

        assert len(queue) == Order.objects.count() == 1

    def test_the_second_is_told_too_while_it_is_at_work(self, queue):
        order = order_migration("default", "library", NAME, "ada", "")
        with living_process() as owner:
            Order.objects.update(begun_at=F("at") - timedelta(days=1), owner=owner)

            with pytest.raises(WishRefused, match="ada has ordered already"):
                order_migration("default", "library", NAME, "grace", "")
            assert read_order("default", order.pk).state == "at work"

    def test_what_is_ordered_twice_of_a_queue_is_done_once(self, queue):
        order_migration("default", "library", NAME, "ada", "")
        (arguments,) = queue
        command(*arguments)

        with pytest.raises(CommandError, match="was taken up already"):
            command(*arguments)

        assert Run.objects.count() == 1

    def test_an_order_whose_process_is_gone_gives_way(self, queue):
        first = order_migration("default", "library", NAME, "ada", "")
        Order.objects.update(begun_at=F("at"), owner=ended_process())
        assert read_order("default", first.pk).state == "lost"

        order_migration("default", "library", NAME, "grace", "")

        first.refresh_from_db()
        assert first.error == "Its process ended without a word."
        assert [order.by for order in read_orders("default")] == ["grace"]

    def test_an_order_that_nobody_takes_up_gives_way_and_is_not_done_later(self, queue):
        order_migration("default", "library", NAME, "ada", "")
        Order.objects.update(at=F("at") - timedelta(seconds=PATIENCE_SECONDS + 1))

        order_migration("default", "library", NAME, "grace", "")

        late, _ = queue
        with pytest.raises(CommandError, match="taken up already"):
            command(*late)
        assert not Run.objects.exists()


class TestRefused:
    def test_of_a_run_in_the_hands_of_a_process(self, queue):
        interrupted_patch()
        with living_process() as owner:
            Run.objects.update(status="running", owner=owner)
            run = Run.objects.get()

            for order in (order_start, order_undo):
                with pytest.raises(WishRefused, match=f"process {owner['pid']}"):
                    order("default", run, "ada", "")

        assert not queue

    def test_of_a_migration_that_is_applied_as_that_would_unapply_others(self, queue):
        migrate("0003")
        run = Run.objects.get(name=NAME)

        with pytest.raises(WishRefused, match="is applied already"):
            order_migration("default", "library", NAME, "ada", "")
        with pytest.raises(WishRefused, match="is applied already"):
            order_start("default", run, "ada", "")

        assert applied() == ["0001", "0002", "0003"]

    def test_of_a_migration_that_there_is_not(self, queue):
        with pytest.raises(UnknownMigration, match="is no migration of this project"):
            order_migration("default", "library", "0099_gone", "ada", "")

        assert not queue

    def test_a_retry_without_rows_and_a_cancellation_of_what_is_over(self, queue):
        migrate("0003")
        run = Run.objects.get(name="0003_recorded")

        with pytest.raises(WishRefused, match="has no rows set aside"):
            order_retry("default", run, "ada", "")
        with pytest.raises(WishRefused, match="is over: it is done"):
            order_cancel_and_undo("default", run, "ada", "")

    def test_where_no_process_can_be_started_it_is_said_without_the_secrets_of_the_error(self, settings, library):
        starting_by(settings, "broken")

        with pytest.raises(CannotStart, match="ConnectionError") as error:
            order_phase("default", Phase.PREPARE, "ada", "")

        assert "password" not in str(error.value)
        (order,) = read_orders("default", "phases")
        assert (order.state, order.exit_status) == ("failed", 1)
        assert "ConnectionError" in order.error

    def test_without_settings_that_a_process_would_know(self, settings, library, monkeypatch):
        monkeypatch.delenv("DJANGO_SETTINGS_MODULE")

        with pytest.raises(CannotStart, match="DJANGO_SETTINGS_MODULE is not set"):
            order_phase("default", Phase.PREPARE, "ada", "")


@pytest.mark.usefixtures("processes")
class TestProcesses:
    def test_a_run_is_started_and_undone_by_processes_of_their_own(self):
        start = books()

        order = order_migration("default", "library", NAME, "ada", "")
        wait_until(lambda: read_order("default", order.pk).state == "done")

        run = Run.objects.get()
        assert (run.status, run.started_by) == ("done", "ada")
        assert run.owner["pid"] != os.getpid()

        order = order_undo("default", run, "grace", "")
        wait_until(lambda: read_order("default", order.pk).state == "done")

        assert books() == start

    def test_a_failure_before_a_run_was_opened_is_seen(self):
        migrate("0002")
        command("purge_rollback_data", "--older-than", "0d")

        order = order_undo("default", Run.objects.get(), "ada", "")
        failed = wait_until(lambda: (found := read_order("default", order.pk)).state == "failed" and found)

        assert failed.run is None
        assert "was purged on" in failed.error
