"""
Runs in OpenTelemetry, through its API: a span for each run and step, and counters.

Only where the project has imported ``opentelemetry`` itself; nothing is configured, so without a provider of the
project's nothing is kept. The spans are not made current: queries of a run do not become their children.
"""

import sys
from typing import Any

from ..models import Run, Step
from ..states import Phase
from .watching import VERSION, Watcher

SCOPE = "reversible_migrations"

COUNTED = {"done": "rows_done", "skipped": "rows_skipped", "failed": "rows_failed", "conflicting": "rows_conflicting"}


class Instruments:
    """The instruments of the project's meter; asking for them again returns the same ones."""

    def __init__(self) -> None:
        from opentelemetry import metrics

        meter = metrics.get_meter(SCOPE, VERSION)
        self.rows = meter.create_counter(f"{SCOPE}.rows", unit="{row}", description="Rows by outcome.")
        self.batches = meter.create_counter(f"{SCOPE}.batches", unit="{batch}", description="Committed batches.")
        self.waits = meter.create_counter(f"{SCOPE}.wait", unit="s", description="Seconds of long waits.")
        self.runs = meter.create_counter(f"{SCOPE}.runs", unit="{run}", description="Runs that ended, by status.")


class TracedRun:
    """One run of this process: its span, those of its steps, and what was counted of them so far."""

    def __init__(self, run: Run, using: str):
        from opentelemetry import trace

        self.run = run
        self.tracer = trace.get_tracer(SCOPE, VERSION)
        self.instruments = Instruments()
        self.labels = {"db.alias": using, "migration.app": run.app, "migration.direction": str(run.direction)}
        phase = {"migration.phase": Phase(run.phase).label} if run.phase else {}
        named: dict[str, str | int] = {**self.labels, **phase, "migration.name": run.name, "migration.run": run.pk}
        self.span = self.tracer.start_span(f"migration {run.title}", attributes=named)
        self.context = trace.set_span_in_context(self.span)
        self.steps: dict[int, Any] = {}
        self.counted: dict[tuple[int, str], int] = {}

    def begin(self) -> None:
        pass

    def step_started(self, step: Step) -> None:
        attributes: dict[str, str | int] = {
            "migration.step": step.number,
            "migration.kind": step.kind,
            "migration.model": step.model,
        }
        name = f"{step.kind} {step.model}".rstrip()
        self.steps[step.number] = self.tracer.start_span(name, context=self.context, attributes=attributes)
        for counted in (*COUNTED.values(), "batches"):  # by earlier processes
            self.counted[step.number, counted] = getattr(step, counted)

    def step_progressed(self, step: Step, batch_size: int | None = None) -> None:
        for outcome, name in COUNTED.items():
            if new := self._new(step, name):
                self.instruments.rows.add(new, {**self.labels, "outcome": outcome})
        if new := self._new(step, "batches"):
            self.instruments.batches.add(new, self.labels)

    def step_finished(self, step: Step) -> None:
        self.step_progressed(step)
        span = self.steps.pop(step.number, None)
        if span is not None:
            for name in ("batches", "rows_seen", *COUNTED.values()):
                span.set_attribute(f"migration.{name}", getattr(step, name))
            span.end()

    def waits(self, seconds: float) -> None:
        self.instruments.waits.add(seconds, self.labels)

    def end(self, status: str, error: BaseException | None) -> None:
        from opentelemetry.trace import Status, StatusCode

        for span in [*self.steps.values(), self.span]:
            if error is not None:  # no record_exception: its text and traceback may hold values of rows
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            span.end()
        self.instruments.runs.add(1, {**self.labels, "status": str(status)})

    def abandon(self) -> None:
        pass

    def _new(self, step: Step, name: str) -> int:
        now: int = getattr(step, name)
        before = self.counted.get((step.number, name), 0)
        self.counted[step.number, name] = max(now, before)
        return max(0, now - before)


class Telemetry(Watcher):
    name = "opentelemetry"

    def watched(self, run: Run, using: str) -> TracedRun | None:
        return TracedRun(run, using) if "opentelemetry" in sys.modules else None


TELEMETRY = Telemetry()


def connect(app_config: Any) -> None:
    TELEMETRY.connect()
