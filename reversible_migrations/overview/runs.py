"""
Runs, with their steps, their rollback data and what to do about them.

The ledger is read, and nothing is changed. Times are the database's. No row values are in it but the
keys and error texts of quarantined rows, which ``rows_set_aside`` gives on request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import Now

from ..conf import setting
from ..databases import database
from ..databases.base import Database
from ..exceptions import LedgerMissing
from ..journal.restore import fault_of
from ..journal.retired import title_of
from ..models import ConflictingRow, Event, JournalTable, QuarantinedRow, Run, Step
from ..runs import lease
from ..runs.run import has_ledger
from ..states import IN_HAND, UNFINISHED, Direction, JournalState, Phase, RunStatus, StepKind, StepStatus

EXACT_UP_TO = 10_000  # rows; the total of a larger table is the planner's estimate


@dataclass(frozen=True)
class StepOverview:
    """
    One step. ``rows`` are those it changed; ``percent`` and ``eta`` go by those it has looked at.

    A step that looked at 120,000 of about 336,776 rows in 3 s is at 35 percent, at 40,000 rows a
    second. ``eta`` is how many seconds are left, at best and at worst, waits included; the worst is None where no
    end is to be seen. ``gauge`` is the one that is nearest to its limit, in words.
    """

    number: int
    kind: str
    model: str
    status: str
    rows: int
    seen: int
    total: int | None
    total_is_estimate: bool
    percent: int | None
    skipped: int
    failed: int
    conflicting: int
    seconds: float
    rows_per_second: float | None
    eta: tuple[float, float | None] | None
    batch_size: int | None
    workers: int | None
    gauge: str

    @property
    def title(self) -> str:
        return f"{self.kind} {self.model}".rstrip()


@dataclass(frozen=True)
class JournalOverview:
    """One table of rollback data. ``bytes`` is None while it is being written; ``expires_at`` while its run is open."""

    table: str
    target: str
    kind: str
    rows: int
    bytes: int | None
    state: str
    expires_at: datetime | None


@dataclass(frozen=True)
class RunOverview:
    """
    One run. ``status`` is "interrupted" for a run whose owner is gone, whatever the ledger says.

    ``phase`` is the name of the phase that it is of a migration in phases, else "".
    ``rollback`` is "possible", "impossible", "undone", "under way" or "" (an undo is not undone), by
    the rollback data; ``rollback_fault`` says why it is impossible. ``next`` is what to do, as a sentence.
    """

    id: int
    app: str
    name: str
    phase: str
    direction: str
    status: str
    waiting: str
    undoes: int | None
    owner: str
    started_by: str
    started_at: datetime | None
    finished_at: datetime | None
    heartbeat_seconds: float | None
    rows: int
    error: str
    steps: tuple[StepOverview, ...]
    journals: tuple[JournalOverview, ...]
    rollback: str
    rollback_fault: str
    next: str

    @property
    def migration(self) -> str:
        return f"{self.app}.{self.name}"

    @property
    def title(self) -> str:
        return f"{self.migration} ({self.phase})" if self.phase else self.migration

    @property
    def is_open(self) -> bool:
        return self.status in UNFINISHED or self.status == RunStatus.UNDOING


@dataclass(frozen=True)
class RowSetAside:
    """A quarantined row (``problem`` is the type of its error) or a conflicting one (``problem`` is the reason)."""

    step: int
    target: str
    key: str
    problem: str
    outcome: str
    error: str


def overview_of(step: Step, pace: Mapping[str, Any] | None = None) -> StepOverview:
    """Return ``step``, with the ``pace`` of its last tick, as people read it; nothing is asked of the database."""
    pace = {} if pace is None or step.status == StepStatus.DONE else pace
    total, done = step.rows_total, step.status == StepStatus.DONE
    seen = step.rows_seen if total is None else min(step.rows_seen, total)  # the last range counts as a full one
    speed = seen / step.seconds if step.seconds and seen else None
    return StepOverview(
        number=step.number, kind=step.kind, model=step.model, status=step.status, rows=step.rows_done, seen=seen,
        total=total, total_is_estimate=bool(total and total > EXACT_UP_TO and step.kind not in COUNTED),
        percent=100 if done else None if not total else min(99, 100 * seen // total),
        skipped=step.rows_skipped, failed=step.rows_failed, conflicting=step.rows_conflicting, seconds=step.seconds,
        rows_per_second=speed, eta=tuple(pace["eta"]) if pace.get("eta") else None,
        batch_size=pace.get("batch_size"), workers=pace.get("workers"), gauge=pace.get("gauge", ""),
    )  # fmt: skip


COUNTED = (StepKind.RESTORE, StepKind.CREATE)  # their totals are the rows of a journal, or those given


def read_runs(alias: str, app: str | None = None, run: int | None = None, last: int = 20) -> list[RunOverview]:
    """
    Return every open run, then the ``last`` closed ones, each newest first; of ``app`` only, or ``run`` only.

    Raise ``LedgerMissing`` where this app's tables are not in the database.
    """
    db = database(alias)
    require_tables(db)
    runs = Run.objects.using(alias).annotate(
        age=ExpressionWrapper(Now() - F("heartbeat"), output_field=DurationField())
    )
    if app is not None:
        runs = runs.filter(app=app)
    if run is not None:
        return [_read(found, db) for found in runs.filter(pk=run)]
    is_open = Q(status__in=[*UNFINISHED, RunStatus.UNDOING])
    newest_first = runs.order_by("-pk")
    found = [*newest_first.filter(is_open), *newest_first.exclude(is_open)[: max(0, last)]]
    return [_read(each, db) for each in found]


def rows_set_aside(alias: str, run: int, most: int | None = None) -> list[RowSetAside]:
    """
    Return the rows of a run that were quarantined or found changed, in the order they were met.

    With ``most`` the first so many of either.
    """
    quarantined = QuarantinedRow.objects.using(alias).filter(step__run_id=run).select_related("step")[:most]
    conflicting = ConflictingRow.objects.using(alias).filter(step__run_id=run).select_related("step")[:most]
    return [
        *(
            RowSetAside(row.step.number, row.step.model, key_text(row.key), row.error_type, "quarantined", row.error)
            for row in quarantined
        ),
        *(RowSetAside(row.step.number, row.target, row.key, row.reason, row.outcome, "") for row in conflicting),
    ]


def require_tables(db: Database) -> None:
    if not has_ledger(db):
        raise LedgerMissing(
            f"database {db.alias!r}",
            "has no tables of reversible_migrations.",
            todo=f"Make them with `manage.py migrate reversible_migrations --database {db.alias}`.",
        )


def status_of(run: Run, db: Database) -> str:
    """Return the run's status; "interrupted" for one whose owner is gone or has been silent past its lease."""
    if run.status in IN_HAND and run.owner and lease.is_left(run, db):
        return RunStatus.INTERRUPTED
    return run.status


def _read(run: Run, db: Database) -> RunOverview:
    steps = _steps(run, db)
    status = status_of(run, db)
    rollback, fault = _rollback(run, steps, db)
    age: timedelta | None = getattr(run, "age", None)
    return RunOverview(
        id=run.pk, app=run.app, name=run.name, phase=Phase(run.phase).label if run.phase else "",
        direction=run.direction, status=status, waiting=run.waiting,
        undoes=run.undoes_id,
        owner=lease.owner_in_words(run.owner) if run.owner else "",
        started_by=run.started_by, started_at=run.started_at,
        finished_at=run.finished_at, heartbeat_seconds=None if age is None else age.total_seconds(),
        rows=run.rows_done, error=run.error, steps=tuple(overview_of(step, _pace(step, db)) for step in steps),
        journals=tuple(_journals(run, db)), rollback=rollback, rollback_fault=fault,
        next=what_next(run, status, rollback),
    )  # fmt: skip


def _steps(run: Run, db: Database) -> list[Step]:
    """Return the steps of ``run``; the counts of those that are open are added up from their ranges."""
    steps = list(run.steps.using(db.alias).order_by("number"))
    for step in steps:
        if step.status != StepStatus.DONE:
            step.add_up(step.ranges.using(db.alias).all())
    return steps


def _pace(step: Step, db: Database) -> dict[str, Any]:
    """Return what the last tick of an open step said of its pace."""
    if step.status == StepStatus.DONE:
        return {}
    ticks = Event.objects.using(db.alias).filter(run_id=step.run_id, kind="progress", facts__step=step.number)
    last = ticks.order_by("-pk").first()
    return last.facts if last is not None else {}


def _journals(run: Run, db: Database) -> list[JournalOverview]:
    records: QuerySet[JournalTable] = JournalTable.objects.using(db.alias).filter(step__run=run)
    kept = timedelta(days=setting("RETENTION_DAYS"))
    ended = run.finished_at if run.status in (RunStatus.DONE, RunStatus.UNDONE) else None
    return [
        JournalOverview(
            record.table_name, title_of(record), record.kind, record.rows, record.bytes, record.state,
            ended + kept if ended is not None and record.state != JournalState.PURGED else None,
        )
        for record in records.order_by("step__number", "position")
    ]  # fmt: skip


def _rollback(run: Run, steps: Sequence[Step], db: Database) -> tuple[str, str]:
    if run.direction == Direction.BACKWARDS:
        return "", ""
    if run.status == RunStatus.UNDONE:
        return "undone", ""
    for step in steps:
        fault = fault_of(run, step, db)
        if fault is not None:
            return "impossible", f"{fault.where}: {fault.what} {fault.todo}"
    return ("under way" if run.status == RunStatus.UNDOING else "possible"), ""


def what_next(run: Run, status: str, rollback: str) -> str:
    """Return what an operator can do about ``run``, as a sentence, or nothing."""
    undo = f"`manage.py safe_rollback {run.app} --run {run.undoes_id or run.pk}`"
    if status == RunStatus.RUNNING:
        return "It is being run. `manage.py migration_status --watch` follows it."
    if status == RunStatus.PAUSED and run.owner:
        return f"`manage.py control_migration {run.pk} resume` lets it go on, `cancel` stops it for good."
    if status in UNFINISHED and run.direction == Direction.BACKWARDS:
        return f"{undo} goes on with the undo."
    if status in UNFINISHED:
        back = f"; {undo} undoes what was done" if rollback == "possible" else ""
        return f"`{run.command}` goes on from the checkpoint{back}."
    if status == RunStatus.DONE and rollback == "possible":
        return f"{undo} undoes it."
    if status == RunStatus.UNDONE:
        return f"`{run.command}` runs it again."
    return ""


def key_text(key: object) -> str:
    parts = key if isinstance(key, list) else [key]
    return ", ".join(str(part["blob"]) if isinstance(part, dict) and "blob" in part else str(part) for part in parts)
