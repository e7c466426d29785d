"""Outside its window a run waits or ends; what it waited for last does not keep it from being done."""

from datetime import UTC, datetime, timedelta

import pytest

from reversible_migrations.exceptions import OutsideWindow, RefusedOption
from reversible_migrations.models import Event, Run
from tests.situations.running import backwards, forwards, patch_of
from tests.situations.stock import model

pytestmark = pytest.mark.usefixtures("shop")


def fill():
    model("Product").objects.bulk_create(model("Product")(pk=n, name=f"p{n}", stock=n) for n in range(1, 21))


def stocks():
    return list(model("Product").objects.order_by("pk").values_list("stock", flat=True))


START, CHANGED = list(range(1, 21)), [-n for n in range(1, 21)]


def negated(apps, patch):
    patch.transform(apps.get_model("shop", "Product").objects.all(), lambda row: {"stock": -row.stock}, ["stock"])


def window(hours):
    """Return a window of two hours that opens ``hours`` from now."""
    opens = datetime.now(UTC) + timedelta(hours=hours)
    return f"{opens:%H}:00-{opens + timedelta(hours=2):%H}:00 UTC"


def test_inside_its_window_a_run_comes_to_its_end():
    fill()

    forwards(patch_of(negated, window=window(-1), batch_size=5))

    assert stocks() == CHANGED
    assert not Event.objects.filter(facts__status="paused").exists()


def test_a_closed_window_stops_it_before_the_first_batch_and_an_undo_as_well():
    fill()
    closed = window(5)
    with pytest.raises(OutsideWindow) as stopped:
        forwards(patch_of(negated, window=closed, outside_window="stop", batch_size=5))

    run = Run.objects.get()
    assert stopped.value.returncode == 3
    assert stocks() == START
    assert (run.status, run.owner, run.waiting) == ("paused", {}, f"is outside its window {closed}.")

    forwards(patch_of(negated, batch_size=5))
    with pytest.raises(OutsideWindow):
        backwards(patch_of(negated, window=closed, outside_window="stop"))
    assert stocks() == CHANGED

    backwards(patch_of(negated))
    assert stocks() == START


def test_a_run_whose_last_batch_was_done_under_load_is_done():
    fill()

    def last_under_load(apps, patch):
        def change(row):
            if row.pk == 20:  # as the pace does before a batch that it lets through for the minimum share
                patch._run.pause("cpu at 99 %, limit 50 %")
            return {"stock": -row.stock}

        patch.transform(apps.get_model("shop", "Product").objects.all(), change, ["stock"])

    forwards(patch_of(last_under_load, batch_size=5))

    run = Run.objects.get()
    assert (run.status, run.waiting) == ("done", "")
    assert stocks() == CHANGED


def test_a_limit_of_no_gauge_is_refused_before_anything_runs():
    fill()

    with pytest.raises(RefusedOption, match="no gauge 'cpuu'; known are cpu"):
        forwards(patch_of(negated, limits={"cpuu": 50}))

    assert not Run.objects.exists()
    assert stocks() == START
