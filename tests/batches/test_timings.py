"""How long batches take and what is waited for is kept in the ledger, and added to by the next process."""

import pytest

from reversible_migrations.batches.timings import BOUNDS, LABELS, Timings
from reversible_migrations.databases import database
from reversible_migrations.models import Step, Timing
from reversible_migrations.runs.run import ActiveRun
from tests.situations.running import Interrupted, forwards, interrupting, patch_of
from tests.situations.stock import fill_keys

pytestmark = pytest.mark.usefixtures("shop")


def kept():
    return {(timing.kind, timing.label): (timing.number, timing.seconds) for timing in Timing.objects.all()}


@pytest.fixture
def step():
    """A step that is done, with no timings."""
    fill_keys("Shelf", 3)
    forwards(patch_of(lambda apps, patch: patch.update(apps.get_model("shop", "Shelf").objects.all(), name="new")))
    Timing.objects.all().delete()
    return Step.objects.get()


class TestTimings:
    def test_a_batch_counts_under_the_bound_that_is_not_below_it(self, step):
        timings = Timings(step)

        for seconds in (0.001, 0.005, 0.03, 60.0):
            timings.batch(seconds)
        timings.keep(active(step))

        found = {label: number for (_, label), (number, _) in kept().items()}
        assert found == {"0.005": 2, "0.05": 1, "+Inf": 1}
        assert len(LABELS) == len(BOUNDS) == 13

    def test_the_next_process_adds_to_what_was_kept(self, step):
        for _ in range(2):
            timings = Timings(step)
            timings.waited("window", 1.5)
            timings.keep(active(step))
            timings.keep(active(step))

        assert kept() == {("wait", "window"): (2, 3.0)}

    def test_a_wait_that_ends_with_an_error_counts(self, step):
        timings = Timings(step)

        with pytest.raises(Interrupted), timings.waiting("operator"):
            raise Interrupted
        timings.keep(active(step))

        assert kept()["wait", "operator"][0] == 1

    def test_a_long_name_of_a_gauge_is_cut(self, step):
        timings = Timings(step)

        timings.waited("g" * 200, 1.0)
        timings.keep(active(step))

        assert list(kept()) == [("wait", "g" * 100)]

    def test_what_others_held_up_is_a_wait_for_a_lock(self, step):
        timings = Timings(step)

        timings.batch(0.5, held_up_seconds=0.25)
        timings.keep(active(step))

        assert kept() == {("batch", "0.5"): (1, 0.5), ("wait", "lock"): (1, 0.25)}


def active(step):
    return ActiveRun(step.run, database("default"), object())


class TestOfRuns:
    def test_the_batches_of_a_run_are_counted_once_each_across_an_interruption(self):
        fill_keys("Shelf", 60)
        calls = interrupting(lambda product: {"name": f"{product.name} new"}, at=35)
        patch = patch_of(
            lambda apps, patch: patch.transform(apps.get_model("shop", "Shelf").objects.all(), calls, fields=["name"]),
            batch_size=10,
        )
        with pytest.raises(Interrupted):
            forwards(patch)

        forwards(patch)

        step = Step.objects.get()
        counted = sum(number for (kind, _), (number, _) in kept().items() if kind == "batch")
        assert step.batches - 3 <= counted <= step.batches  # what came after the last tick is lost

    def test_pauses_that_were_asked_for_are_waits(self):
        fill_keys("Shelf", 30)

        forwards(
            patch_of(
                lambda apps, patch: patch.update(apps.get_model("shop", "Shelf").objects.all(), name="new"),
                batch_size=10,
                pause_seconds=0.01,
            )
        )

        assert kept()["wait", "pause"][0] >= 2
