"""
The loop that does a step: the next range, one transaction, the checkpoint in it, and again.

A batch is all or nothing: row changes, images, checkpoint and counts commit together. What a
failure means is decided here and nowhere else: try again (deadlock, lost connection), cut the
range in halves down to the row (a value or constraint fault), or stop and say why.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from django.db import DatabaseError, InterfaceError, transaction

from .. import signals
from ..databases.base import Database
from ..exceptions import CannotJournal, ReversibleMigrationError, StepFailed, TooManyFailures
from ..models import QuarantinedRow, Step
from ..runs.run import ActiveRun
from ..states import StepStatus
from .ticker import Ticker

RETRY_SECONDS = 0.1  # of the first try; doubled each time, with full jitter
LONGEST_RETRY_SECONDS = 10.0
LONG_BATCH_SECONDS = 1.0

Slice = TypeVar("Slice")


@dataclass
class Outcome:
    """What one batch did, in rows."""

    done: int = 0
    seen: int = 0
    skipped: int = 0
    failed: int = 0
    conflicting: int = 0


class Batches(Protocol[Slice]):
    """What a kind of step tells the runner of its work."""

    splits_on: tuple[type[Exception], ...]  # errors of single rows, found by cutting the slice in halves
    may_share_snapshot: bool  # whether the first try may go without locks, see Database.begin_batch

    def next(self, checkpoint: Any, rows: int) -> Slice | None:
        """Return the slice after ``checkpoint``, or None at the end."""

    def change(self, slice: Slice, batch: int) -> Outcome:
        """Do one slice inside the open transaction."""

    def checkpoint(self, slice: Slice) -> Any:
        """Return the checkpoint that stands when ``slice`` is done."""

    def halves(self, slice: Slice) -> Sequence[Slice] | None:
        """Return two slices that make up this one, or None if it is a single row."""

    def again(self, key: Any) -> Slice:
        """Return the slice of a single row that was set aside."""

    def mend(self, error: Exception) -> bool:
        """Return whether there is another way to do the slice, which the next try will take."""

    def set_aside(self, slice: Slice, error: Exception) -> Outcome:
        """Note a single row that fails, inside the open transaction."""


class Runner(Generic[Slice]):
    """Runs the batches of one step to its end; may be called again after any failure."""

    def __init__(self, run: ActiveRun, step: Step, batches: Batches[Slice]):
        self.run, self.step, self.batches = run, step, batches
        self.db: Database = run.db
        self.rows = int(run.option("BATCH_SIZE"))
        self.pause = float(run.option("PAUSE_SECONDS"))
        self.paused = 0.0  # seconds since the last committed batch
        self.ticker = Ticker()
        self.tries = 0

    def to_the_end(self) -> None:
        """
        Do every slice that is left and finish the step.

        Raise ``TooManyFailures``, ``CannotJournal`` or ``StepFailed`` with the step left at its
        checkpoint: what is committed stays committed and recorded.
        """
        signals.tell(signals.step_started, run=self.run.record, step=self.step, using=self.run.alias)
        if self.step.rows_failed:
            self.retry_quarantined()
        grown = self.rows
        while (slice := self._next(grown)) is not None:
            seen = self.step.rows_done + self.step.rows_skipped + self.step.rows_failed
            self._do(slice)
            idle = seen == self.step.rows_done + self.step.rows_skipped + self.step.rows_failed
            grown = min(grown * 2, self.rows * 16) if idle else self.rows  # hurry over ranges without a match
            if self.pause and not idle:
                time.sleep(self.pause)
                self.paused += self.pause
        self._check_share(self.step.rows_seen)
        with transaction.atomic(using=self.run.alias):
            self.run.fence()
            self.run.finish_step(self.step)
        signals.tell(signals.step_finished, run=self.run.record, step=self.step, using=self.run.alias)

    def retry_quarantined(self) -> None:
        """Try the rows that were set aside once more; those that still fail stay where they are."""
        for row in QuarantinedRow.objects.using(self.run.alias).filter(step_id=self.step.pk):
            try:
                began = time.monotonic()
                with transaction.atomic(using=self.run.alias):
                    self.db.begin_batch(False)
                    self.run.fence()
                    row.delete(using=self.run.alias)
                    outcome = self.batches.change(self.batches.again(row.key), self.step.batches + 1)
                    outcome.failed -= 1
                    outcome.seen -= 1
                    after = self._advance(self.step.checkpoint, outcome, began)
            except self.batches.splits_on:
                continue
            self._note(after)

    def _next(self, rows: int) -> Slice | None:
        while True:
            try:
                return self.batches.next(self.step.checkpoint, rows)
            except (DatabaseError, InterfaceError) as error:
                if not self._may_try_again(error):
                    raise self._stop(error) from self._cause(error)

    def _do(self, slice: Slice) -> None:
        try:
            self._commit(slice)
            self.tries = 0
        except ReversibleMigrationError:
            raise
        except Exception as error:
            if self._may_try_again(error):
                return  # from the checkpoint, which tells whether the lost commit had been made
            if not isinstance(error, self.batches.splits_on):
                raise self._stop(error) from self._cause(error)
            if self.batches.mend(error):
                self._do(slice)
            else:
                self._split(slice, error)

    def _commit(self, slice: Slice) -> None:
        began = time.monotonic()
        outermost = not self.db.connection.in_atomic_block
        with transaction.atomic(using=self.run.alias):
            self.db.begin_batch(self.batches.may_share_snapshot and outermost and not self.tries)
            self.run.fence()
            outcome = self.batches.change(slice, self.step.batches + 1)
            after = self._advance(self.batches.checkpoint(slice), outcome, began)
        self._committed(after)

    def _advance(self, checkpoint: Any, outcome: Outcome, began: float) -> dict[str, Any]:
        """Write checkpoint and counts in the batch's own transaction; return the step's new values."""
        step = self.step
        after: dict[str, Any] = {
            "checkpoint": checkpoint,
            "batches": step.batches + 1,
            "rows_seen": step.rows_seen + outcome.seen,
            "rows_done": step.rows_done + outcome.done,
            "rows_skipped": step.rows_skipped + outcome.skipped,
            "rows_failed": step.rows_failed + outcome.failed,
            "rows_conflicting": step.rows_conflicting + outcome.conflicting,
            "seconds": step.seconds + time.monotonic() - began + self.paused,
        }
        self.run.steps().filter(pk=step.pk).update(**after)
        if time.monotonic() - began > LONG_BATCH_SECONDS:
            self.run.fence()  # else the lease would look as old as the batch's beginning
        if self.ticker.due():
            self.run.event("progress", step=step.number, rows=after["rows_done"], seen=after["rows_seen"])
            after["ticked"] = True
        return after

    def _committed(self, after: dict[str, Any]) -> None:
        self._note(after)
        self._check_share(max(self.step.rows_seen, self.rows))

    def _note(self, after: dict[str, Any]) -> None:
        ticked = after.pop("ticked", False)
        self.paused = 0.0
        for name, value in after.items():
            setattr(self.step, name, value)
        if ticked:
            signals.tell(signals.step_progressed, run=self.run.record, step=self.step, using=self.run.alias)

    # Failures

    def _may_try_again(self, error: Exception) -> bool:
        """Wait, and return True, if the same batch may work next time."""
        lost = self.db.is_lost_connection(error)
        if self.db.connection.in_atomic_block or not (lost or self.db.is_passing(error)):
            return False
        while self.tries < int(self.run.option("RETRIES")):
            self.tries += 1
            self._wait(error)
            if not lost or self._reconnect():
                return True
        return False

    def _wait(self, error: Exception) -> None:
        longest = min(LONGEST_RETRY_SECONDS, RETRY_SECONDS * 2**self.tries)
        seconds = random.uniform(0, longest)  # full jitter: AWS Architecture Blog, "Exponential Backoff And Jitter"
        reason = f"{self.db.describe(error)}; trying again"
        signals.tell(
            signals.waiting, run=self.run.record, step=self.step, using=self.run.alias, reason=reason, seconds=seconds
        )
        time.sleep(seconds)

    def _reconnect(self) -> bool:
        try:
            self.db.connection.close()
            self.step.refresh_from_db(using=self.run.alias)
            self.run.renew_session()
        except (DatabaseError, InterfaceError):
            return False
        return True

    def _split(self, slice: Slice, error: Exception) -> None:
        parts = self.batches.halves(slice)
        for part in parts or ():
            self._do(part)
            if self.step.checkpoint != self.batches.checkpoint(part):
                return  # it is to be tried again, from the checkpoint
        if not parts:
            began = time.monotonic()
            with transaction.atomic(using=self.run.alias):
                self.run.fence()
                outcome = self._set_aside(slice, error)
                after = self._advance(self.batches.checkpoint(slice), outcome, began)
            self._committed(after)

    def _set_aside(self, slice: Slice, error: Exception) -> Outcome:
        try:
            return self.batches.set_aside(slice, error)
        except ReversibleMigrationError:
            raise
        except Exception as failure:
            raise self._stop(failure) from None

    def _check_share(self, rows: int) -> None:
        allowed = float(self.run.option("MAX_FAILED_SHARE"))
        if self.step.rows_failed <= allowed * rows:
            return
        first = QuarantinedRow.objects.using(self.run.alias).filter(step_id=self.step.pk).first()
        raise TooManyFailures(
            f"{self.run}, {self.step}",
            f"{self.step.rows_failed:,} of {self.step.rows_seen:,} rows failed"
            f" (first: {first.error_type if first else 'unknown'}), more than max_failed_share = {allowed:g}.",
            standing=f"{self.step.rows_done:,} rows are changed and recorded; the failed ones are untouched.",
            todo=(
                f"`manage.py migration_status --run {self.run.record.pk}` lists their keys and errors. Mend the code or"
                " the rows and run `migrate` again: it takes them up first. Or undo with"
                f" `manage.py safe_rollback {self.run.record.app} --run {self.run.record.pk}`."
            ),
            failed=self.step.rows_failed,
        )

    def _cause(self, error: Exception) -> Exception | None:
        """Return ``error`` where a traceback helps; a database's words may hold values of a row."""
        return None if isinstance(error, DatabaseError) else error

    def _stop(self, error: Exception) -> ReversibleMigrationError:
        why = self.db.is_out_of_place(error)
        kind: type[ReversibleMigrationError] = CannotJournal if why else StepFailed
        tried = f" after {self.tries + 1} tries" if self.tries else ""
        return kind(
            f"{self.run}, {self.step}",
            f"the batch after {self.step.rows_seen:,} rows failed{tried}: {why or self.db.describe(error)}.",
            standing=f"{self.step.rows_done:,} rows are {self._done_in_words}; the failed batch was rolled back.",
            todo=f"Mend the cause, then {self._way_on}.",
            error=type(error).__name__,
        )

    @property
    def _done_in_words(self) -> str:
        return "restored" if self.run.is_undo else "changed and recorded"

    @property
    def _way_on(self) -> str:
        undo = f"`manage.py safe_rollback {self.run.record.app} --run {self.run.record.pk}`"
        if self.run.is_undo:
            return f"go on with the same command, or with {undo}"
        return f"run `migrate` again to go on from there, or undo with {undo}"


def is_finished(step: Step) -> bool:
    return step.status == StepStatus.DONE


def begin(run: ActiveRun, step: Step, **facts: Any) -> None:
    """Write what a new step knows before its first batch (upper bound, total)."""
    with transaction.atomic(using=run.alias):
        run.fence()
        run.steps().filter(pk=step.pk).update(**facts)
    for name, value in facts.items():
        setattr(step, name, value)
