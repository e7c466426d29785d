"""
What happens to runs, for programs that read logs: one record an event, by the logger ``reversible_migrations.runs``.

Every record carries its facts as attributes; ``JSONFormatter`` writes them as a line of JSON. Nothing is configured
here: a project names both in its ``LOGGING``. No model is imported, because ``LOGGING`` is read before there are any.
"""

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .. import signals
from ..states import RunStatus

if TYPE_CHECKING:
    from ..models import Run, Step

logger = logging.getLogger("reversible_migrations.runs")
# Without a handler of the project's own nothing is printed: see progress/terminal.py for people.
logger.addHandler(logging.NullHandler())

LEVELS = {RunStatus.FAILED: logging.ERROR, RunStatus.INTERRUPTED: logging.WARNING, RunStatus.CANCELLED: logging.WARNING}
STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}


class JSONFormatter(logging.Formatter):
    """A line of JSON: ``timestamp``, ``level``, ``logger``, ``message``, and whatever the record carries besides."""

    def format(self, record: logging.LogRecord) -> str:
        facts = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in STANDARD},
        }
        if record.exc_info:
            facts["traceback"] = self.formatException(record.exc_info)
        return json.dumps(facts, default=str)


def run_started(run: "Run", using: str, **facts: Any) -> None:
    event = "run_resumed" if run.token > 1 else "run_started"
    _write(event, "is taken up again" if run.token > 1 else "begins", run, using)


def status_changed(run: "Run", using: str, before: str, reason: str = "", **facts: Any) -> None:
    _write("status_changed", f"is {run.status}", run, using, before=str(before), reason=reason or run.error)


def run_finished(run: "Run", using: str, **facts: Any) -> None:
    _write("run_finished", f"has ended: {run.status}", run, using, error=run.error)


def step_started(run: "Run", step: "Step", using: str, **facts: Any) -> None:
    _write("step_started", f"begins step {step.number}", run, using, **_of(step))


def step_finished(run: "Run", step: "Step", using: str, **facts: Any) -> None:
    _write("step_finished", f"has done step {step.number}", run, using, **_of(step))


def _write(event: str, what: str, run: "Run", using: str, **facts: Any) -> None:
    level = LEVELS.get(RunStatus(run.status), logging.INFO)
    if not logger.isEnabledFor(level):
        return
    common = {
        "event": event,
        "database": using,
        "run": run.pk,
        "app": run.app,
        "migration": run.migration,
        "phase": run.get_phase_display() or "",
        "direction": str(run.direction),
        "status": str(run.status),
        "rows": run.rows_done,
    }
    logger.log(level, "%s %s (run %d) %s", run.title, run.direction, run.pk, what, extra={**common, **facts})


def _of(step: "Step") -> dict[str, Any]:
    return {
        "step": step.number,
        "kind": str(step.kind),
        "model": step.model,
        "rows_total": step.rows_total,
        "rows_seen": step.rows_seen,
        "rows_done": step.rows_done,
        "rows_skipped": step.rows_skipped,
        "rows_failed": step.rows_failed,
        "rows_conflicting": step.rows_conflicting,
        "seconds": round(step.seconds, 3),
    }


def connect(app_config: Any) -> None:
    for receiver in (run_started, status_changed, run_finished, step_started, step_finished):
        signal = getattr(signals, receiver.__name__)
        signal.connect(receiver, dispatch_uid="reversible_migrations.logs")
