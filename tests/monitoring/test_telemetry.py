"""What OpenTelemetry is told of runs, through the SDK's in-memory exporters; and what it is not told."""

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from reversible_migrations.monitoring import telemetry
from reversible_migrations.monitoring.telemetry import TELEMETRY
from tests.management.library.models import Book
from tests.management.test_safe_rollback import interrupted_patch
from tests.monitoring.following import failing_with, followed, migrated

pytestmark = pytest.mark.usefixtures("library")

SECRET = "a-secret-title"


class Kept:
    """The providers that a project sets once in a process, with what they were told."""

    def __init__(self):
        self.exporter = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meters = MeterProvider([self.reader])

    @property
    def spans(self):
        return {span.name: span for span in self.exporter.get_finished_spans()}

    def sums(self):
        """Return the sums of the counters by name and outcome or status."""
        data = self.reader.get_metrics_data()
        return {
            (
                metric.name.partition(".")[2],
                point.attributes.get("outcome") or point.attributes.get("status"),
            ): point.value
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
        }


@pytest.fixture
def kept(monkeypatch):
    """Providers of the SDK, in the place of those that may be set only once in a process."""
    found = Kept()
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", found.tracers)
    monkeypatch.setattr("opentelemetry.metrics._internal._METER_PROVIDER", found.meters)
    yield found
    found.meters.shutdown()
    found.tracers.shutdown()


def test_a_run_is_a_span_with_one_for_each_step_below(kept):
    migrated()

    run = kept.spans["migration library.0002_prices"]
    steps = {name: span for name, span in kept.spans.items() if span is not run}
    assert list(steps) == [
        "update library.Book", "transform library.Book", "create library.Note", "delete library.Book",
    ]  # fmt: skip
    assert {span.parent.span_id for span in steps.values()} == {run.context.span_id}
    assert run.attributes["migration.direction"] == "forwards"
    assert steps["update library.Book"].attributes["migration.rows_done"] == 5
    assert run.status.is_unset


def test_rows_and_batches_are_counted_once(kept):
    migrated()

    sums = kept.sums()
    assert sums["rows", "done"] == 10
    assert sums["rows", "skipped"] == 1
    assert sums["rows", "failed"] == 1
    assert sums["runs", "done"] == 1
    assert sums["batches", None] > 4


def test_what_an_earlier_process_did_is_not_counted_again(kept):
    interrupted_patch()
    first = kept.sums()

    migrated()

    assert kept.sums()["rows", "done"] == 10
    assert first["runs", "interrupted"] == 1


def test_a_failure_has_its_type_and_no_words(kept):
    Book.objects.update(title=SECRET)

    failing_with(lambda book: int(book.title))

    run = kept.spans["migration shop.0100_tested"]
    assert not run.status.is_ok
    assert run.status.description == "TooManyFailures"
    assert run.events == ()
    assert SECRET not in "".join(span.to_json() for span in kept.exporter.get_finished_spans())
    assert kept.sums()["runs", "failed"] == 1


def test_queries_of_a_run_are_not_below_its_spans(kept):
    seen = []
    failing_with(lambda book: seen.append(trace.get_current_span().get_span_context().is_valid) or int("x"))

    assert set(seen) == {False}


def test_without_a_provider_nothing_is_set_up():
    before = trace._TRACER_PROVIDER

    migrated()

    assert trace._TRACER_PROVIDER is before


def test_where_it_is_not_imported_it_is_not_asked(monkeypatch):
    monkeypatch.delitem(telemetry.sys.modules, "opentelemetry")

    with followed(TELEMETRY) as seen:
        migrated()

    assert seen == []


def test_a_provider_that_fails_costs_one_line(monkeypatch, caplog):
    class Failing:
        def get_tracer(self, *arguments, **options):
            raise OSError("nobody there")

    monkeypatch.setattr(trace, "_TRACER_PROVIDER", Failing())
    migrated()

    lines = [record.getMessage() for record in caplog.records if "opentelemetry" in record.getMessage()]
    assert len(lines) == 1
    assert "failed with OSError" in lines[0]


def test_meters_are_those_of_the_project(kept):
    assert metrics.get_meter_provider() is kept.meters
