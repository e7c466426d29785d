"""The migrating process looks at its own runs: beside them, never in their way."""

import threading
import time

import pytest
from django.db import transaction

from reversible_migrations.alerts.monitor import Monitor
from reversible_migrations.models import Run, Step
from reversible_migrations.states import RunStatus
from tests.alerts.test_watching import failed

pytestmark = pytest.mark.usefixtures("transactional_db")
LONG = 60.0


class Looks:
    """What a monitor looked at; ``trouble`` is raised, ``holding`` is waited for."""

    def __init__(self):
        self.runs, self.trouble, self.holding = [], None, None

    def __call__(self, alias, runs):
        self.runs += runs
        if self.holding is not None:
            self.holding.wait(LONG)
        if self.trouble is not None:
            raise self.trouble


@pytest.fixture
def looks():
    return Looks()


def run(number=7, **facts):
    return Run(pk=number, app="shop", name="0007_tidy", direction="forwards", **facts)


def lived(monitor, record, status, step=None):
    monitor.run_started(record, "default")
    if step is not None:
        monitor.step_finished(record, step, "default")
    monitor.run_finished(record, "default", status)
    assert monitor.wait(LONG)


def until(condition):
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.INTERRUPTED])
def test_a_bad_end_is_looked_at_before_the_process_goes_on(looks, status):
    monitor = Monitor(looks)
    monitor.run_started(run(), "default")

    monitor.run_finished(run(), "default", status)

    assert looks.runs == [7]


def test_a_short_run_that_does_well_costs_no_look(looks):
    lived(Monitor(looks), run(), RunStatus.DONE)

    assert looks.runs == []


@pytest.mark.parametrize("rows", [{"rows_failed": 1}, {"rows_conflicting": 1}])
def test_a_good_end_with_rows_set_aside_or_changed_since_is_looked_at(looks, rows):
    lived(Monitor(looks), run(), RunStatus.DONE, Step(number=1, **rows))

    assert looks.runs == [7]


def test_the_good_end_of_one_that_was_taken_up_again_is_looked_at(looks):
    lived(Monitor(looks), run(token=2), RunStatus.DONE)

    assert looks.runs == [7]


def test_with_an_undo_the_run_that_it_undoes_is_looked_at_too(looks):
    lived(Monitor(looks), run(8, undoes_id=7), RunStatus.DONE)

    assert looks.runs == [8, 7]


def test_while_a_run_works_it_is_looked_at_again_and_again(looks):
    monitor = Monitor(looks, every_seconds=0.01)

    monitor.run_started(run(), "default")

    until(lambda: len(looks.runs) >= 3)
    monitor.run_finished(run(), "default", RunStatus.DONE)
    assert set(looks.runs) == {7}


def test_trouble_with_a_look_is_one_line_and_not_the_runs(looks, caplog):
    looks.trouble = RuntimeError("the words of a row")
    monitor = Monitor(looks, every_seconds=0.01)

    monitor.run_started(run(), "default")
    until(lambda: len(looks.runs) >= 3)
    monitor.run_finished(run(), "default", RunStatus.FAILED)

    assert [record.getMessage() for record in caplog.records] == [
        "Run 7 could not be looked at for alerts: RuntimeError. The run goes on."
    ]


def test_a_look_that_hangs_keeps_the_end_of_a_failed_run_only_so_long(looks):
    looks.holding = threading.Event()
    monitor = Monitor(looks, patience_seconds=0.1)
    monitor.run_started(run(), "default")

    monitor.run_finished(run(), "default", RunStatus.FAILED)

    assert not monitor.wait(0)
    looks.holding.set()
    assert monitor.wait(LONG)


def test_a_run_inside_a_transaction_is_not_looked_at_because_nobody_else_sees_it(looks):
    with transaction.atomic():
        lived(Monitor(looks), run(), RunStatus.FAILED)

    assert looks.runs == []


@pytest.mark.usefixtures("library")
def test_what_is_wrong_is_told(kept):
    record = failed()
    monitor = Monitor()

    monitor.run_started(record, "default")
    monitor.run_finished(record, "default", RunStatus.FAILED)

    assert [message.condition for message in kept] == ["failed"]
