"""
What a step will take, said before it begins: rows, time, and the place of its rollback data.

Nothing is counted on a large table: rows are the planner's estimate, widths those of its statistics (on
SQLite of the first rows), and the pace is that of the last step of the same kind on this database.
"""

from dataclasses import dataclass
from shutil import disk_usage
from typing import Any

from .. import signals
from ..load.estimates import eta_text, size
from ..models import JournalTable, Step
from ..runs.run import ActiveRun
from ..states import JournalKind, StepStatus
from .selection import RowSelection

FEWEST_ROWS = 100_000  # a shorter step is over before its forecast is read
FEWEST_KNOWN = 10_000  # rows of an earlier step, whose pace is worth something
ROW_BYTES = {JournalKind.UPDATE: 2, JournalKind.DELETE: 1}  # images of each column
OVERHEAD = 32  # bytes of a row in the database's file, with the number of its batch
SPREAD = 1.5  # the pace of another step is taken as right within so much


@dataclass(frozen=True)
class Forecast:
    """``changes`` of about ``rows`` rows; None where nothing is known."""

    rows: int
    changes: int | None
    seconds: tuple[float, float] | None
    journal_bytes: int | None
    free_bytes: int | None

    @property
    def text(self) -> str:
        """Say it in one or two sentences."""
        changed = f", about {self.changes:,} to change" if self.changes is not None else ""
        said = f"About {self.rows:,} rows to look at{changed}"
        if self.seconds is not None:
            said += f"; {eta_text(self.seconds)} at the pace of the last such step"
        if self.journal_bytes is not None:
            most = "up to " if self.changes is None else "about "
            said += f". The rollback data takes {most}{size(self.journal_bytes)}"
            said += f" of {size(self.free_bytes)} free" if self.free_bytes is not None else ""
        if not self.fits:
            said += ": too much, and the run will wait when the disk is at its limit"
        return f"{said}."

    @property
    def fits(self) -> bool:
        return self.journal_bytes is None or self.free_bytes is None or self.journal_bytes < self.free_bytes


def foretell(run: ActiveRun, step: Step, selection: RowSelection) -> Forecast | None:
    """Note in the ledger, and tell the watchers, what a new step will take; None for one that is short or under way."""
    if (step.rows_total or 0) < FEWEST_ROWS or run.ranges(step).filter(batches__gt=0).exists():
        return None
    found = forecast(run, step, selection)
    facts = {"rows": found.rows, "changes": found.changes, "seconds": found.seconds}
    run.event("forecast", found.text, **facts, journal_bytes=found.journal_bytes, free_bytes=found.free_bytes)
    signals.tell(signals.noted, run=run.record, using=run.alias, text=found.text)
    return found


def forecast(run: ActiveRun, step: Step, selection: RowSelection) -> Forecast:
    rows = step.rows_total or 0
    sql = selection.text()
    changes = None if sql is None else run.db.planned_rows(*sql)
    folder = run.db.data_directory()
    return Forecast(
        rows=rows,
        changes=None if changes is None else min(changes, rows),
        seconds=_seconds(run, step, rows),
        journal_bytes=_journal_bytes(run, step, rows if changes is None else min(changes, rows)),
        free_bytes=None if folder is None else disk_usage(folder).free,
    )


def _seconds(run: ActiveRun, step: Step, rows: int) -> tuple[float, float] | None:
    """Return the time by the last finished step of this kind; None if there was none worth the name."""
    earlier = Step.objects.using(run.alias).filter(kind=step.kind, status=StepStatus.DONE, seconds__gt=0)
    last = earlier.filter(rows_seen__gte=FEWEST_KNOWN).exclude(pk=step.pk).order_by("-pk").first()
    if last is None:
        return None
    seconds = rows * last.seconds / last.rows_seen
    return seconds / SPREAD, seconds * SPREAD


def _journal_bytes(run: ActiveRun, step: Step, rows: int) -> int | None:
    journals = JournalTable.objects.using(run.alias).filter(step=step)
    widths = [_row_bytes(run, journal) for journal in journals]
    return round(rows * sum(widths)) if widths else None


def _row_bytes(run: ActiveRun, journal: JournalTable) -> float:
    columns: list[Any] = journal.columns["order"]
    images = ROW_BYTES.get(JournalKind(journal.kind), 2)
    widths = run.db.average_widths(journal.target, [*journal.keys, *columns])
    return OVERHEAD + sum(widths.get(k, 8) for k in journal.keys) + images * sum(widths.get(c, 8) for c in columns)
