"""Every second that a run waited is told once, under its cause, as far as the ledger knows it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reversible_migrations.models import Event
from reversible_migrations.overview.waits import MOST_SHOWN, Moment, cause_of, read_waits, waits_of
from tests.overview.histories import at, run_with, status, tell, tick


def told(moments, until=100):
    return [(wait.cause, wait.seconds) for wait in waits_of(moments, at(until))]


class TestCauses:
    @pytest.mark.parametrize(
        ("reason", "cause"),
        [
            ("paused by ada: month-end closing", "an operator"),
            ("outside its window 01:00-09:00", "its window"),
            ("was stopped by SIGTERM.", "no process had it"),
            ("is outside its window 01:00-09:00.", "no process had it"),
            ("cpu at 93 %, limit 90 %", "cpu"),
            ("slowed: cpu at 93 %, limit 90 %", "cpu"),
            ("disk (/var) at 93 %, limit 90 %", "disk"),
            ("standby s1 is 12.3 s behind, limit 10 s", "lag of a standby"),
            ("no reading of replica_lag for 20 s (timeout)", "no reading of replica_lag"),
            ("waiting for a lock on shop_product, held by session 7", "a lock"),
            ("", "something else"),
        ],
    )
    def test_are_told_without_figures(self, reason, cause):
        assert cause_of(reason) == cause


class TestWaits:
    def test_lasts_until_it_is_said_to_be_over(self):
        moments = [Moment(at(10), "wait", "cpu at 93 %, limit 90 %"), Moment(at(25), "waited")]

        assert told(moments) == [("cpu", 15)]

    def test_that_has_not_ended_lasts_until_now(self):
        (wait,) = waits_of([Moment(at(40), "status", "paused by ada", "paused")], at(100))

        assert (wait.cause, wait.seconds, wait.ended_at) == ("an operator", 60, None)

    def test_of_a_run_that_is_over_has_ended_with_it(self):
        (wait,) = waits_of([Moment(at(40), "wait", "a lock at 1 %")], at(60), is_open=False)

        assert wait.ended_at == at(60)

    def test_in_other_words_is_the_same_wait(self):
        moments = [
            Moment(at(0), "status", "cpu at 93 %, limit 90 %", "paused"),
            Moment(at(5), "status", "cpu at 95 %, limit 90 %", "paused"),
            Moment(at(9), "status", "Goes on.", "running"),
        ]

        assert told(moments) == [("cpu", 9)]

    def test_for_something_else_begins_a_new_one(self):
        moments = [
            Moment(at(0), "wait", "cpu at 93 %, limit 90 %"),
            Moment(at(5), "status", "paused by ada", "paused"),
            Moment(at(9), "status", "Goes on.", "running"),
        ]

        assert told(moments) == [("cpu", 5), ("an operator", 4)]

    @pytest.mark.parametrize("how", ["interrupted", "failed", "cancelled"])
    def test_without_a_process_lasts_until_it_is_taken_up_again(self, how):
        moments = [Moment(at(10), "status", "", how), Moment(at(70), "resumed", "Taken over from process 7.")]

        assert told(moments) == [("no process had it", 60)]

    @pytest.mark.parametrize("how", ["failed", "cancelled"])
    def test_of_a_run_that_nobody_takes_up_again_is_none(self, how):
        assert told([Moment(at(10), "status", "", how)]) == []

    def test_after_a_kill_began_with_the_last_sign_of_life(self):
        moments = [Moment(at(0), "status", "", "running"), Moment(at(70), "resumed", "Taken over.", before=at(20))]

        assert told(moments) == [("no process had it", 50)]


@pytest.mark.usefixtures("library")
class TestOfARun:
    def test_are_added_up_by_cause_the_longest_first(self):
        run = run_with(
            status(0, "running"),
            (10, "wait", "cpu at 93 %, limit 90 %", {}),
            (12, "waited", "", {}),
            tick(13, 100),
            status(20, "paused", "paused by ada: lunch"),
            status(50, "running", "Goes on."),
            (60, "wait", "cpu at 99 %, limit 90 %", {}),
            (65, "waited", "", {}),
            tick(66, 200),
            status(70, "done"),
            finished_at=at(70),
            status="done",
        )

        found = read_waits(run.pk, "default")

        assert [(lost.cause, lost.seconds, lost.waits) for lost in found.lost] == [
            ("an operator", 30, 1), ("cpu", 7, 2),
        ]  # fmt: skip
        assert [wait.reason for wait in found.shown] == [
            "cpu at 93 %, limit 90 %", "paused by ada: lunch", "cpu at 99 %, limit 90 %",
        ]  # fmt: skip

    def test_only_the_longest_are_shown_and_all_are_counted(self):
        waits = MOST_SHOWN + 50
        run = run_with(finished_at=at(10_000), status="done")
        for number in range(waits):
            length = 5 if number % 2 else 2
            tell(run, (number * 10, "wait", "cpu at 1 %", {}), (number * 10 + length, "waited", "", {}))

        found = read_waits(run.pk, "default")

        assert len(found.shown) == MOST_SHOWN
        assert [wait.seconds for wait in found.shown].count(5) == waits // 2
        assert found.lost[0].waits == waits
        assert [wait.began_at for wait in found.shown] == sorted(wait.began_at for wait in found.shown)

    def test_takes_as_many_queries_for_many_events_as_for_few(self):
        run = run_with(status(0, "running"), tick(1, 10))
        with CaptureQueriesContext(connection) as few:
            read_waits(run.pk, "default")
        tell(run, *(tick(second, second) for second in range(2, 700)))
        tell(run, *((second, "wait", "cpu at 1 %", {}) for second in range(2, 700)))

        with CaptureQueriesContext(connection) as many:
            read_waits(run.pk, "default")

        assert len(few) == len(many) == 2
        assert Event.objects.count() > 1_000
