"""The charts of a run have few points, however long it was, and the newest among them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reversible_migrations.models import Event, Run
from reversible_migrations.overview.series import MOST_POINTS, read_series
from tests.management.test_safe_rollback import migrate
from tests.overview.histories import at, run_with, status, tell, tick


@pytest.mark.usefixtures("library")
class TestSeries:
    def test_of_a_run_without_progress_is_empty(self):
        run = run_with(status(0, "running"))

        found = read_series(run.pk, "default")

        assert (found.points, found.units, found.every) == ((), {}, 1)

    def test_has_the_rate_between_two_points_of_a_step(self):
        run = run_with(tick(1, 1_000), tick(3, 5_000), tick(4, 200, step=2), tick(6, 400, step=2))

        assert [point.rate for point in read_series(run.pk, "default").points] == [None, 2_000, None, 100]

    def test_has_batch_sizes_workers_and_gauges_with_their_limits(self):
        run = run_with(
            tick(1, 10, batch_size=500, workers=2, gauges={"cpu": [63.2, 90, "%"]}), tick(2, 20, batch_size=800)
        )

        found = read_series(run.pk, "default")

        first, second = found.points
        assert (first.at, first.batch_size, first.workers, first.gauges) == (at(1), 500, 2, {"cpu": (63.2, 90)})
        assert (second.batch_size, second.gauges) == (800, {})
        assert found.units == {"cpu": "%"}

    @pytest.mark.parametrize("events", [MOST_POINTS - 1, MOST_POINTS, MOST_POINTS + 1, 2 * MOST_POINTS + 7, 1_999])
    def test_has_at_most_so_many_points_and_always_the_newest(self, events):
        run = run_with(*(tick(second, second * 10) for second in range(events)))

        found = read_series(run.pk, "default").points

        assert min(events, MOST_POINTS // 2) <= len(found) <= MOST_POINTS
        assert found[-1].at == at(events - 1)
        assert [point.at for point in found] == sorted(point.at for point in found)
        assert {point.rate for point in found[1:]} == {10}

    def test_leaves_other_runs_and_other_events_out(self):
        run = run_with(tick(1, 10), (2, "note", "hello", {}))
        run_with(tick(1, 99))

        assert [point.seen for point in read_series(run.pk, "default").points] == [10]

    def test_takes_two_queries(self):
        run = run_with(tick(1, 10))
        tell(run, *(tick(second, second) for second in range(2, 900)))

        with CaptureQueriesContext(connection) as queries:
            read_series(run.pk, "default")

        assert len(queries) == 2


@pytest.mark.usefixtures("library")
def test_a_run_writes_what_its_charts_need(settings):
    settings.REVERSIBLE_MIGRATIONS = {"LIMITS": {"memory": 99.5}}

    migrate("0002")

    facts = Event.objects.filter(run=Run.objects.get(), kind="progress").last().facts
    assert {"step", "seen", "rows", "batch_size", "workers", "gauges"} <= set(facts)
    for value, limit, unit in facts["gauges"].values():
        assert isinstance(value, float)
        assert limit > 0
        assert isinstance(unit, str)
