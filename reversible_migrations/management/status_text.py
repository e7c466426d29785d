"""Runs as lines of text, for ``migration_status``."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.utils import timezone

from ..load.estimates import size
from ..overview import RowSetAside, RunOverview, StepOverview
from ..progress import words
from ..states import IN_HAND, StepStatus
from .columns import columns


def status_lines(
    runs: Sequence[RunOverview], rows: Sequence[RowSetAside], in_full: bool = False, with_errors: bool = False
) -> Iterator[str]:
    """Yield open runs, or all if ``in_full``, with their steps; the others a line each."""
    if not runs:
        yield "No migration has been run by reversible_migrations on this database."
        return
    shown = [run for run in runs if in_full or run.is_open]
    for number, run in enumerate(shown):
        yield from [""] if number else []
        yield from run_lines(run)
        if in_full:
            yield from journal_lines(run)
            yield from row_lines(rows, with_errors)
    closed = [run for run in runs if run not in shown]
    if closed:
        yield from [""] if shown else []
        yield "Closed runs, the newest first:"
        yield from closed_lines(closed)
        yield from (f"Run {run.id}: {run.rollback_fault}" for run in closed if run.rollback == "impossible")
        yield ""
        yield "`manage.py migration_status --run N` shows one of them in full."


def run_lines(run: RunOverview) -> Iterator[str]:
    undoes = f", undoes run {run.undoes}" if run.undoes else ""
    yield f"Run {run.id} of {run.title}, {run.direction}{undoes}: {run.status.upper()}"
    yield f"  begun {moment(run.started_at)}{_by(run)}{_heartbeat(run)}"
    if run.finished_at:
        yield f"  ended {moment(run.finished_at)}, {words.rows(run.rows)}"
    if run.waiting:
        yield f"  waiting: {run.waiting}"
    for step in run.steps:
        yield f"  step {step.number}  {step.title}: {_state(step)}"
    if run.error:
        yield f"  error: {run.error}"
    if run.rollback:
        yield f"  rollback: {run.rollback}" + (f". {run.rollback_fault}" if run.rollback_fault else "")
    if run.next:
        yield f"  next: {run.next}"


def _by(run: RunOverview) -> str:
    return f" by {run.started_by}" if run.started_by else ""


def _heartbeat(run: RunOverview) -> str:
    if run.finished_at or run.heartbeat_seconds is None:
        return ""
    if not run.owner:
        return ", in nobody's hands"
    owner = f"{run.owner}{'' if run.status in IN_HAND else ' (has stopped)'}"
    return f", {owner}, last heartbeat {words.duration(run.heartbeat_seconds)} ago"


def _state(step: StepOverview) -> str:
    if step.status == StepStatus.DONE:
        return f"done, {words.result(step)}"
    return ", ".join([words.progress(step), f"{step.rows:,} changed", *words.exceptions(step)])


def journal_lines(run: RunOverview) -> Iterator[str]:
    if run.journals:
        yield "  rollback data:"
        heads = {"table": "<", "of": "<", "kind": "<", "rows": ">", "size": ">", "state": "<", "expires": "<"}
        cells = [
            [j.table, j.target, j.kind, f"{j.rows:,}", size(j.bytes), j.state, day(j.expires_at)] for j in run.journals
        ]
        yield from columns(heads, cells, indent=4)


def row_lines(rows: Sequence[RowSetAside], with_errors: bool) -> Iterator[str]:
    if rows:
        yield "  rows set aside:"
        heads = {"step": ">", "of": "<", "key": "<", "why": "<", "then": "<"}
        cells = [[str(row.step), row.target.strip('"'), row.key, row.problem, row.outcome] for row in rows]
        if with_errors:
            heads["error"] = "<"
            cells = [[*cell, row.error] for cell, row in zip(cells, rows, strict=True)]
        yield from columns(heads, cells, indent=4)
        if not with_errors and any(row.error for row in rows):
            yield "  --verbosity 2 shows the errors' texts, which may hold values of the rows."


def closed_lines(runs: Sequence[RunOverview]) -> Iterator[str]:
    heads = {"run": ">", "migration": "<", "": "<", "rows": ">", "size": ">", "ended": "<", "rollback": "<"}
    cells = []
    for run in runs:
        taken = size(sum(journal.bytes or 0 for journal in run.journals)) if run.journals else ""
        cells.append(
            [
                str(run.id), run.title, run.direction, f"{run.rows:,}", taken, moment(run.finished_at),
                run.rollback or f"is the undo of run {run.undoes}",
            ]
        )  # fmt: skip
    yield from columns(heads, cells)


def moment(at: datetime | None) -> str:
    """Return a time as 2026-11-21 01:40:58, in the project's time zone."""
    if at is None:
        return "-"
    return f"{timezone.localtime(at) if timezone.is_aware(at) else at:%Y-%m-%d %H:%M:%S}"


def day(at: datetime | None) -> str:
    return moment(at)[:10]
