"""
The loop of one worker: the next slice of its range, one transaction, the checkpoint in it, and again.

A batch is all or nothing: row changes, images, checkpoint and counts commit together. What a
failure means is decided here and nowhere else: try again (deadlock, lost connection), cut the
range in halves down to the row (a value or constraint fault), or stop and say why.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from django.db import DatabaseError, InterfaceError, transaction
from django.db.models.functions import Now

from ..databases.base import Database
from ..exceptions import CannotJournal, ReversibleMigrationError, StepFailed, TooManyFailures
from ..load.waiting import Waited
from ..models import KeyRange, QuarantinedRow, Step
from ..models.run import COUNTS
from ..runs import lease
from ..runs.control import WorkerStopped, way_on
from ..runs.run import ActiveRun
from ..states import StepStatus
from .driver import Driver
from .retries import Retries
from .tally import Tally

MOST_GROWN = 8  # times the batch size, over ranges without a match
BATCHES_PER_RANGE = 10_000_000  # the numbers of a range's batches begin at this multiple of its own number

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

    def next(self, place: KeyRange, rows: int) -> Slice | None:
        """Return the slice of ``rows`` rows after the checkpoint of ``place``, or None at its end."""

    def change(self, slice: Slice, place: KeyRange, batch: int) -> Outcome:
        """Do one slice of ``place`` inside the open transaction; ``batch`` is the number its images get."""

    def checkpoint(self, slice: Slice) -> Any:
        """Return the checkpoint that stands when ``slice`` is done."""

    def halves(self, slice: Slice) -> Sequence[Slice] | None:
        """Return two slices that make up this one, or None if it is a single row."""

    def again(self, key: Any) -> Slice:
        """Return the slice of a single row that was set aside."""

    def mend(self, error: Exception) -> bool:
        """Return whether there is another way to do the slice, which the next try will take."""

    def set_aside(self, slice: Slice, place: KeyRange, error: Exception) -> Outcome:
        """Note a single row that fails, inside the open transaction."""


class Runner(Generic[Slice]):
    """Runs the batches of one key range to its end; may be called again after any failure."""

    def __init__(
        self, run: ActiveRun, step: Step, place: KeyRange, batches: Batches[Slice], driver: Driver, tally: Tally
    ):
        self.run, self.step, self.place, self.batches = run, step, place, batches
        self.driver, self.tally = driver, tally
        self.db: Database = run.db
        self.retries = Retries(run, step, place)
        self.held_up = 0.0  # seconds that the newest batch waited for its first lock

    def to_the_end(self) -> None:
        """
        Do every slice that is left and finish the range.

        Raise ``TooManyFailures``, ``CannotJournal`` or ``StepFailed`` with the range left at its
        checkpoint: what is committed stays committed and recorded.
        """
        grown = 1
        while (slice := self._next(grown)) is not None:
            seen, handled, began = self.place.rows_seen, self._handled, time.monotonic()
            whole = self._do(slice)
            idle = handled == self._handled
            grown = min(grown * 2, MOST_GROWN) if idle else 1  # hurry over ranges without a match
            rows = self.place.rows_seen - seen if whole and not idle else 0
            seconds = time.monotonic() - began
            self.driver.note(rows, seconds, self.held_up)
            self.tally.timings.batch(seconds, self.held_up)
            self.tally.tick(self.run, self.driver.in_words)
        if self.place.status != StepStatus.DONE:
            self._finish()

    @property
    def _handled(self) -> int:
        return self.place.rows_done + self.place.rows_skipped + self.place.rows_failed + self.place.rows_conflicting

    def _finish(self) -> None:
        with transaction.atomic(using=self.run.alias):
            lease.hold_range(self.run.record, self.place, self.run.alias)
            self.run.ranges(self.step).filter(pk=self.place.pk).update(status=StepStatus.DONE, owner={})
        self.place.status = StepStatus.DONE

    def retry_quarantined(self) -> None:
        """Try the range's rows that were set aside once more; those that still fail stay where they are."""
        for row in QuarantinedRow.objects.using(self.run.alias).filter(range_id=self.place.pk):
            try:
                with transaction.atomic(using=self.run.alias):
                    self.db.begin_batch(False)
                    self.run.fence()
                    lease.hold_range(self.run.record, self.place, self.run.alias)
                    row.delete(using=self.run.alias)
                    outcome = self.batches.change(self.batches.again(row.key), self.place, self._number)
                    outcome.failed -= 1
                    outcome.seen -= 1
                    after = self._advance(self.place.checkpoint, outcome)
            except self.batches.splits_on:
                continue
            self._committed(after)

    @property
    def _number(self) -> int:
        """The number of the next batch, by which undo finds what it did."""
        return self.place.number * BATCHES_PER_RANGE + self.place.batches + 1

    def _next(self, grown: int) -> Slice | None:
        if self.place.status == StepStatus.DONE:
            return None
        while True:
            try:
                rows = self.driver.next_size() * grown
                return self.batches.next(self.place, rows)
            except (DatabaseError, InterfaceError) as error:
                if not self._may_try_again(error):
                    raise self._stop(error) from self._cause(error)

    def _do(self, slice: Slice) -> bool:
        """Do ``slice``; return whether it was done as a whole, at the first try."""
        try:
            self._commit(slice)
            tried, self.retries.tries = self.retries.tries, 0
            return not tried
        except (ReversibleMigrationError, WorkerStopped):
            raise
        except Exception as error:
            if self._may_try_again(error):
                return False  # from the checkpoint, which tells whether the lost commit had been made
            if not isinstance(error, self.batches.splits_on):
                raise self._stop(error) from self._cause(error)
            if self.batches.mend(error):
                self._do(slice)
            else:
                self._split(slice, error)
            return False

    def _commit(self, slice: Slice) -> None:
        outermost = not self.db.connection.in_atomic_block
        with transaction.atomic(using=self.run.alias):
            self.db.begin_batch(self.batches.may_share_snapshot and outermost and not self.retries.tries)
            with Waited() as waited:  # where there is one writer at a time, for that one
                lease.hold_range(self.run.record, self.place, self.run.alias)
            self.held_up = waited.seconds
            outcome = self.batches.change(slice, self.place, self._number)
            after = self._advance(self.batches.checkpoint(slice), outcome)
        self._committed(after)

    def _advance(self, checkpoint: Any, outcome: Outcome) -> dict[str, Any]:
        """Write checkpoint and counts in the batch's own transaction; return the range's new values."""
        place = self.place
        after: dict[str, Any] = {
            "checkpoint": checkpoint,
            "batches": place.batches + 1,
            "rows_seen": place.rows_seen + outcome.seen,
            "rows_done": place.rows_done + outcome.done,
            "rows_skipped": place.rows_skipped + outcome.skipped,
            "rows_failed": place.rows_failed + outcome.failed,
            "rows_conflicting": place.rows_conflicting + outcome.conflicting,
        }
        if place.upper is not None and checkpoint == place.upper:
            after |= {"status": StepStatus.DONE, "owner": {}}
        # The heartbeat again: else the lease would look as old as the batch's beginning.
        self.run.ranges(self.step).filter(pk=place.pk).update(**after, heartbeat=Now())
        return after

    def _committed(self, after: dict[str, Any]) -> None:
        self.tally.add(self._counts, after)
        for name, value in after.items():
            setattr(self.place, name, value)
        check_share(self.run, self.step, max(self.step.rows_seen, self.driver.pace.batch_size))

    # Failures

    def _may_try_again(self, error: Exception) -> bool:
        before = self._counts
        with self.tally.timings.waiting("retry"):
            again = self.retries.may_try_again(error)
        self.tally.add(before, self._counts)  # the commit that was not answered may have been made
        return again

    @property
    def _counts(self) -> dict[str, int]:
        return {name: getattr(self.place, name) for name in COUNTS}

    def _split(self, slice: Slice, error: Exception) -> None:
        parts = self.batches.halves(slice)
        for part in parts or ():
            self._do(part)
            if self.place.checkpoint != self.batches.checkpoint(part):
                return  # it is to be tried again, from the checkpoint
        if not parts:
            with transaction.atomic(using=self.run.alias):
                lease.hold_range(self.run.record, self.place, self.run.alias)
                outcome = self._set_aside(slice, error)
                after = self._advance(self.batches.checkpoint(slice), outcome)
            self._committed(after)

    def _set_aside(self, slice: Slice, error: Exception) -> Outcome:
        try:
            return self.batches.set_aside(slice, self.place, error)
        except ReversibleMigrationError:
            raise
        except Exception as failure:
            raise self._stop(failure) from None

    def _cause(self, error: Exception) -> Exception | None:
        """Return ``error`` where a traceback helps; a database's words may hold values of a row."""
        return None if isinstance(error, DatabaseError) else error

    def _stop(self, error: Exception) -> ReversibleMigrationError:
        why = self.db.is_out_of_place(error)
        kind: type[ReversibleMigrationError] = CannotJournal if why else StepFailed
        tries = self.retries.tries
        tried = f" after {tries + 1} tries" if tries else ""
        return kind(
            f"{self.run}, {self.step}",
            f"the batch after {self.step.rows_seen:,} rows failed{tried}: {why or self.db.describe(error)}.",
            standing=f"{self.step.rows_done:,} rows are {self._done_in_words}; the failed batch was rolled back.",
            todo=f"Mend the cause. {way_on(self.run)}",
            error=type(error).__name__,
        )

    @property
    def _done_in_words(self) -> str:
        return "restored" if self.run.is_undo else "changed and recorded"


def is_finished(step: Step) -> bool:
    return step.status == StepStatus.DONE


def check_share(run: ActiveRun, step: Step, rows: int) -> None:
    """Raise ``TooManyFailures`` if more of ``rows`` rows failed than is allowed."""
    allowed = float(run.option("MAX_FAILED_SHARE"))
    if step.rows_failed <= allowed * rows:
        return
    first = QuarantinedRow.objects.using(run.alias).filter(step_id=step.pk).first()
    raise TooManyFailures(
        f"{run}, {step}",
        f"{step.rows_failed:,} of {step.rows_seen:,} rows failed"
        f" (first: {first.error_type if first else 'unknown'}), more than max_failed_share = {allowed:g}.",
        standing=f"{step.rows_done:,} rows are changed and recorded; the failed ones are untouched.",
        todo=(
            f"`manage.py migration_status --run {run.record.pk}` lists their keys and errors. Mend the code or"
            " the rows and run `migrate` again: it takes them up first. Or undo with"
            f" `manage.py safe_rollback {run.record.app} --run {run.record.pk}`."
        ),
        failed=step.rows_failed,
    )
