"""What the reader of the ledger notices: new events, those that were committed late, and runs that fell silent."""

import pytest
from django.db.models.functions import Now

from reversible_migrations.models import Event, Run
from reversible_migrations.progress.feed import Feed, Subscription, Told
from reversible_migrations.progress.tailer import GAP_SECONDS, MOST_GAPS, ROUND_SECONDS, Gaps, Tailer
from reversible_migrations.runs.lease import this_process


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


def a_run(name="0002", **facts):
    given = {"status": "running", "owner": this_process(), "heartbeat": Now(), **facts}
    return Run.objects.create(app="shop", name=name, direction="forwards", **given)


def event(run, kind="progress", **facts):
    return Event.objects.create(run=run, at=Now(), kind=kind, **facts)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tailer(db, clock):
    """One that has looked once."""
    event(a_run("0001"))
    found = Tailer("default", clock)
    assert found.look() == []
    return found


class TestTailer:
    def test_each_run_with_new_events_is_one_message_of_its_newest(self, tailer):
        one, other = a_run(), a_run("0003")
        event(one, "status")
        event(one)
        last = event(one)
        event(other, "status")

        said = tailer.look()

        assert [(each["run"], each["type"]) for each in said] == [(one.pk, "status"), (other.pk, "status")]
        assert said[0]["number"] == last.pk
        assert tailer.look() == []

    def test_progress_is_told_as_such_and_the_end_as_a_completion(self, tailer):
        run = a_run()
        event(run, "status")
        tailer.look()

        event(run)
        (progress,) = tailer.look()
        Run.objects.filter(pk=run.pk).update(status="done")
        event(run, "status")
        (end,) = tailer.look()

        assert (progress["type"], end["type"], end["status"]) == ("progress", "completion", "done")

    def test_an_event_with_a_lower_number_that_is_committed_later_is_not_missed(self, tailer):
        early, late = a_run(), a_run("0003")
        first = event(early)
        event(early, pk=first.pk + 2)
        assert [each["run"] for each in tailer.look()] == [early.pk]

        event(late, pk=first.pk + 1)

        assert [(each["run"], each["number"]) for each in tailer.look()] == [(late.pk, first.pk + 1)]
        assert tailer.look() == []

    def test_a_run_whose_process_is_gone_is_interrupted_without_any_event(self, tailer, clock):
        run = a_run()
        event(run, "status")
        tailer.look()
        Run.objects.filter(pk=run.pk).update(owner={**this_process(), "process_started": 0})

        assert tailer.look() == []
        clock.now += ROUND_SECONDS
        (said,) = tailer.look()
        clock.now += ROUND_SECONDS

        assert (said["run"], said["type"], said["status"]) == (run.pk, "status", "interrupted")
        assert tailer.look() == []

    def test_a_wait_that_has_no_event_is_told_with_the_next_round(self, tailer, clock):
        run = a_run()
        event(run, "status")
        tailer.look()
        Run.objects.filter(pk=run.pk).update(waiting="cpu at 91 % of 90 %")

        clock.now += ROUND_SECONDS
        (said,) = tailer.look()

        assert said["waiting"] == "cpu at 91 % of 90 %"


class TestGaps:
    def test_a_number_is_waited_for_as_long_as_a_transaction_may_take(self):
        gaps = Gaps()
        gaps.note([3, 5], now=0)

        gaps.close([5])

        assert gaps.open(GAP_SECONDS - 1) == [3]
        assert gaps.open(GAP_SECONDS) == []

    def test_the_newest_are_kept(self):
        gaps = Gaps()

        gaps.note(range(MOST_GAPS + 10), now=0)

        assert gaps.open(1) == list(range(10, MOST_GAPS + 10))


RUN = ("default", 1)


def told(number, kind="progress", status="running"):
    return Told(RUN, kind, number, (status, ""), f"{kind} {number}")


class TestFeed:
    def test_what_the_layer_has_brought_is_not_told_again_from_the_ledger(self):
        feed, one = Feed(), Subscription()
        feed.subscriptions.add(one)

        feed.hand_out(told(5), from_ledger=False)
        assert (one.outbox.take(), feed.layer_is_heard) == ("progress 5", True)
        feed.hand_out(told(5), from_ledger=True)
        feed.hand_out(told(4), from_ledger=True)

        assert (one.outbox.take(), feed.layer_is_heard) == (None, True)

    def test_what_it_has_not_brought_is_told_and_the_ledger_is_asked_more_often(self):
        feed, one = Feed(), Subscription()
        feed.subscriptions.add(one)

        feed.hand_out(told(5), from_ledger=False)
        feed.hand_out(told(6), from_ledger=True)
        feed.hand_out(told(6, "status", "interrupted"), from_ledger=True)

        assert (one.outbox.take(), feed.layer_is_heard) == ("status 6", False)

    def test_between_two_events_the_layer_says_more_than_the_ledger(self):
        feed, one = Feed(), Subscription()
        feed.subscriptions.add(one)

        for _ in range(2):
            feed.hand_out(told(5), from_ledger=False)
            assert one.outbox.take() == "progress 5"

    def test_nobody_is_told_what_is_older_than_the_snapshot(self):
        one = Subscription()
        one.numbers = {RUN: 5}

        one.put(told(4))
        assert one.outbox.take() is None
        one.put(told(5))
        assert one.outbox.take() == "progress 5"
