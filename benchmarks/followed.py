"""A run that everything follows at once, and one that nothing follows."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import sentry_sdk
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sentry_sdk.transport import Transport

SCRAPE_SECONDS = 1.0  # fifteen times as often as Prometheus does by default
NOTES = ("batch", "waited", "keep")


class Nowhere(Transport):
    def capture_envelope(self, envelope: Any) -> None:
        envelope.serialize()


@contextmanager
def everything_on() -> Iterator[None]:
    """Sentry with every integration and every trace, OpenTelemetry, and a scrape each second in this process."""
    set_up()
    with scraped():
        sentry_sdk.init(dsn="https://key@sentry.invalid/1", transport=Nowhere, traces_sample_rate=1.0)
        try:
            yield
        finally:
            sentry_sdk.init()


@contextmanager
def everything_off() -> Iterator[None]:
    """No watcher is told anything, and how long batches and waits take is not noted."""
    from reversible_migrations import signals
    from reversible_migrations.batches.timings import Timings

    with ExitStack() as stack:
        for signal in vars(signals).values():
            if isinstance(signal, signals.Signal):
                receivers, signal.receivers = signal.receivers, []
                signal.sender_receivers_cache.clear()
                stack.callback(setattr, signal, "receivers", receivers)
                stack.callback(signal.sender_receivers_cache.clear)
        for name in NOTES:
            stack.callback(setattr, Timings, name, getattr(Timings, name))
            setattr(Timings, name, lambda *arguments: None)
        yield


def set_up() -> None:
    """Give OpenTelemetry its providers, once in this process."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        tracers = TracerProvider()
        tracers.add_span_processor(BatchSpanProcessor(InMemorySpanExporter()))
        trace.set_tracer_provider(tracers)
        metrics.set_meter_provider(MeterProvider([InMemoryMetricReader()]))


@contextmanager
def scraped() -> Iterator[None]:
    from reversible_migrations.monitoring.exposition import text

    ended = threading.Event()

    def scrape() -> None:
        while not ended.wait(SCRAPE_SECONDS):
            with suppress(Exception):
                text()

    thread = threading.Thread(target=scrape, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
