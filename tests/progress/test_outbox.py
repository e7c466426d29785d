"""Which messages wait, which are replaced, and when a layer that fails is left alone."""

from reversible_migrations.progress.breaker import Breaker
from reversible_migrations.progress.outbox import MOST, Outbox


def taken(outbox, now=0.0):
    found = []
    while (item := outbox.take(now)) is not None:
        found.append(item)
    return found


class TestOutbox:
    def test_newer_progress_replaces_older_of_the_same_run_only(self):
        outbox = Outbox()

        for run, text in (("a", "a1"), ("b", "b1"), ("a", "a2")):
            outbox.put(run, "progress", text)

        assert taken(outbox) == ["b1", "a2"]

    def test_every_change_of_status_is_kept_and_ends_the_progress_before_it(self):
        outbox = Outbox()

        outbox.put("a", "status", "running")
        outbox.put("a", "progress", "50 %")
        outbox.put("a", "status", "paused")
        outbox.put("a", "completion", "done")

        assert taken(outbox) == ["running", "paused", "done"]

    def test_progress_of_a_run_waits_for_its_turn_and_the_rest_does_not(self):
        outbox = Outbox(pause_seconds=0.25)
        outbox.put("a", "progress", "10 %")
        assert taken(outbox, now=1.0) == ["10 %"]

        outbox.put("a", "progress", "20 %")
        outbox.put("b", "progress", "b")

        assert taken(outbox, now=1.1) == ["b"]
        assert outbox.seconds_to_wait(1.125) == 0.125
        assert taken(outbox, now=1.25) == ["20 %"]
        assert outbox.seconds_to_wait(1.25) is None

    def test_what_could_not_be_sent_goes_first_and_old_progress_not_at_all(self):
        outbox = Outbox()
        outbox.put("a", "status", "second")

        outbox.put_back("a", "status", "first")
        outbox.put_back("a", "progress", "old")

        assert taken(outbox) == ["first", "second"]

    def test_it_does_not_grow_without_end(self):
        outbox = Outbox()

        for number in range(MOST + 5):
            outbox.put("a", "status", number)

        assert taken(outbox) == list(range(5, MOST + 5))


class TestBreaker:
    def test_three_failures_open_it_for_longer_each_time_and_a_success_closes_it(self):
        now = [0.0]
        breaker = Breaker(lambda: now[0])

        assert [breaker.failed() for _ in range(3)] == [False, False, True]

        assert (breaker.is_open, breaker.seconds_left) == (True, 1.0)
        now[0] = 1.0
        assert breaker.seconds_left == 0
        assert [(breaker.failed(), breaker.seconds_left) for _ in range(7)] == [
            (False, seconds) for seconds in (2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0)
        ]
        assert (breaker.worked(), breaker.is_open, breaker.seconds_left) == (True, False, 0.0)
        assert not breaker.worked()

    def test_failures_that_are_not_in_a_row_do_not_open_it(self):
        breaker = Breaker()

        for _ in range(5):
            breaker.failed()
            breaker.failed()
            breaker.worked()

        assert not breaker.is_open
