"""
Runs in Sentry: a transaction with a span for each step, failures, check-ins of a monitor.

Only where the project itself has imported and initialised ``sentry_sdk``: it is never imported here, and ``init``
is the project's. A run has an isolation scope of its own, and so its own breadcrumbs, tags and rules of what is sent
(``sentry_events``); the project's other events are not touched. What Sentry raises switches it off for that run.
"""

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import ModuleType
from typing import Any

from ..conf import setting
from ..models import Run, Step
from ..states import Phase, RunStatus
from .sentry_events import without_values, without_values_of_ours
from .watching import VERSION, Watcher

CHECK_IN_SECONDS = 60.0  # between two signs of life of a long run
ENDED_WELL = (RunStatus.DONE, RunStatus.UNDONE)
SPANS_BEFORE_THINNING = 50  # of ticks; with every further 50, half as many of the ticks get one


class SentryRun:
    """One run of this process, in Sentry."""

    def __init__(self, sentry: ModuleType, run: Run, using: str, clock: Callable[[], float] = time.monotonic):
        self.sentry, self.run, self.using, self.clock = sentry, run, using, clock
        self.scopes = ExitStack()
        self.transaction: Any = None
        self.spans: dict[int, Any] = {}  # of steps, by number
        self.step: Step | None = None
        self.ticks = self.sampled = 0
        self.ticked = 0.0
        self.began = clock()
        self.check_in: str | None = None
        self.checked_in = 0.0

    def begin(self) -> None:
        scope = self.scopes.enter_context(self.sentry.isolation_scope())
        self.sentry.get_current_scope().span = None  # queries of the run are no spans of somebody else's
        scope.add_event_processor(without_values)
        for name, value in self.tags.items():
            scope.set_tag(name, value)
        if not is_streaming(self.sentry.get_client().options):
            self.transaction = self.sentry.start_transaction(op="db.migration", name=self.run.title, source="task")
            for name, value in self.tags.items():
                self.transaction.set_tag(name, value)
        self._tell_monitor("in_progress")

    @property
    def tags(self) -> dict[str, str]:
        return {
            "migration": self.run.migration,
            "phase": Phase(self.run.phase).label if self.run.phase else "",
            "direction": str(self.run.direction),
            "database": self.using,
            "reversible_migrations": VERSION,
        }

    def step_started(self, step: Step) -> None:
        self.step, self.ticked = step, time.time()
        if self.transaction is not None:
            span = self.spans[step.number] = self.transaction.start_child(op="db.migration.step")
            span.description = f"{step.number} {step.kind} {step.model}".rstrip()

    def step_progressed(self, step: Step, batch_size: int | None) -> None:
        self.step = step
        self._sign_of_life()
        span, since, self.ticked = self.spans.get(step.number), self.ticked, time.time()
        self.ticks += 1
        if span is None or self.ticks % 2 ** (self.sampled // SPANS_BEFORE_THINNING):
            return
        self.sampled += 1
        sample = span.start_child(op="db.migration.batches", start_timestamp=since)
        sample.description = "batches of a second"
        for name, value in {**counts_of(step), "batch_size": batch_size}.items():
            sample.set_data(name, value)
        sample.finish()

    def step_finished(self, step: Step) -> None:
        span = self.spans.pop(step.number, None)
        if span is not None:
            for name, value in counts_of(step).items():
                span.set_data(name, value)
            span.set_status("ok")
            span.finish()

    def waits(self, seconds: float) -> None:
        self._sign_of_life()

    def end(self, status: str, error: BaseException | None) -> None:
        try:
            self._end(status, error)
        finally:
            self.abandon()
            if error is not None:  # whoever reports it once more, at the end of the process perhaps
                self.sentry.get_isolation_scope().add_event_processor(without_values_of_ours)

    def _end(self, status: str, error: BaseException | None) -> None:
        ending = "internal_error" if error is not None else "ok" if status in ENDED_WELL else "cancelled"
        for span in self.spans.values():
            span.set_status(ending)
            span.finish()
        if error is not None:
            self._tell_failure(error)
        if self.transaction is not None:
            self.transaction.set_context("migration", self._context(status))
            self.transaction.set_status(ending)
            self.transaction.finish()
        self._tell_monitor("ok" if error is None else "error")

    def abandon(self) -> None:
        self.scopes.close()

    def _tell_failure(self, error: BaseException) -> None:
        scope = self.sentry.get_isolation_scope()
        scope.set_context("migration", self._context(RunStatus.FAILED))
        self.sentry.capture_exception(error)

    def _context(self, status: str) -> dict[str, Any]:
        step = {} if self.step is None else {"step": self.step.number, "kind": self.step.kind, **counts_of(self.step)}
        model = {} if self.step is None else {"model": self.step.model}
        return {"run": self.run.pk, "status": str(status), **self.tags, **step, **model}

    def _sign_of_life(self) -> None:
        if self.clock() - self.checked_in >= CHECK_IN_SECONDS:
            self._tell_monitor("in_progress")

    def _tell_monitor(self, status: str) -> None:
        slug = setting("SENTRY_MONITOR")
        if slug is None:
            return
        self.checked_in = self.clock()
        duration = None if status == "in_progress" else self.clock() - self.began
        capture = sys.modules["sentry_sdk.crons"].capture_checkin
        self.check_in = capture(slug, check_in_id=self.check_in, status=status, duration=duration) or self.check_in


class Guard:
    """Keeps values of rows out of errors that come through our code in a process that runs nothing: a web server."""

    def __init__(self) -> None:
        self.is_set = False

    def set(self) -> None:
        """Let Sentry ask us of every event, from now on and once; of the project's own nothing is changed."""
        scope = sys.modules.get("sentry_sdk.scope")
        if scope is not None and not self.is_set:
            self.is_set = True
            scope.add_global_event_processor(without_values_of_ours)


def counts_of(step: Step) -> dict[str, int]:
    return {
        "batches": step.batches, "rows_seen": step.rows_seen, "rows_done": step.rows_done,
        "rows_skipped": step.rows_skipped, "rows_failed": step.rows_failed, "rows_conflicting": step.rows_conflicting,
    }  # fmt: skip


def is_streaming(options: dict[str, Any]) -> bool:
    """Return whether spans are sent one by one, where the SDK has no transactions."""
    experiments = options.get("_experiments") or {}
    return "stream" in (options.get("trace_lifecycle"), experiments.get("trace_lifecycle"))


class Sentry(Watcher):
    name = "sentry"

    def watched(self, run: Run, using: str) -> SentryRun | None:
        sentry = sys.modules.get("sentry_sdk")
        if sentry is None or not sentry.get_client().is_active():
            return None
        return SentryRun(sentry, run, using)


SENTRY = Sentry()
GUARD = Guard()


def connect(app_config: Any) -> None:
    SENTRY.connect()
