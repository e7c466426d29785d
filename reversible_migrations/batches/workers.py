"""
The workers of a step: one in this thread, or several in threads, each with a connection of its own.

Workers know of each other through the ledger alone: each claims a key range, does it to its end, and
claims the next. A worker on another machine could do the same.
"""

import contextvars
import threading
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, InterfaceError, connections, transaction

from .. import signals
from ..models import KeyRange, Step
from ..runs import lease
from ..runs.control import WorkerStopped
from ..runs.run import ActiveRun
from ..states import StepStatus
from .driver import Course, Driver
from .forecast import foretell
from .retries import Retries
from .runner import Batches, Runner, check_share
from .selection import RowSelection
from .tally import Tally

Maker = Callable[[ActiveRun], Batches[Any]]

NAP_SECONDS = 0.2


def work_through(
    run: ActiveRun, step: Step, make: Maker, tables: list[str], selection: RowSelection | None = None
) -> None:
    """
    Do the ranges that are left of a step that was begun, and finish it.

    ``make`` returns the batches of a worker, over its own connection; ``tables`` (quoted) are watched
    by the gauges. What the rows of ``selection`` will take is told beforehand.

    An error of one worker ends the others after their batch, and is raised; what is
    committed stays committed and recorded.
    """
    signals.tell(signals.step_started, run=run.record, step=step, using=run.alias)
    if selection is not None:
        foretell(run, step, selection)
    tally = Tally(step, run.ranges(step))
    course = Course(run, step, tables, tally.timings)
    try:
        if step.rows_failed:
            retry_quarantined(run, step, make, course, tally)
        if workers_of(run) == 1:
            Worker(run, step, make, course, tally).work()
        if run.ranges(step).filter(status=StepStatus.RUNNING).exists():  # more than one worker is wanted, or is now
            Workers(run, step, make, course, tally).work()
        if run.control.takes_retry():
            retry_quarantined(run, step, make, course, tally)
    finally:
        course.end()
    run.resume()  # its last wait may have been for load
    check_share(run, step, step.rows_seen)
    with transaction.atomic(using=run.alias):
        run.fence()
        run.finish_step(step, **tally.counts)
        tally.timings.keep(run)
    signals.tell(signals.step_finished, run=run.record, step=step, using=run.alias)


def workers_of(run: ActiveRun) -> int:
    """Return how many workers the run may have on its database: one where there is one writer at a time."""
    wanted = int(run.option("PARALLEL"))
    if wanted > 1 and not run.db.has_parallel_writers:
        run.control.say_once(run, f"This database has one writer at a time: parallel = {wanted} is taken as 1.")
        return 1
    return 1 if run.db.connection.in_atomic_block else wanted  # others would not see what is not committed


def retry_quarantined(run: ActiveRun, step: Step, make: Maker, course: Course, tally: Tally) -> None:
    """Try the rows that were set aside once more, each under its own range; those that still fail stay aside."""
    batches = make(run)
    for place in run.ranges(step).filter(rows_failed__gt=0):
        Runner(run, step, place, batches, Driver(run, course), tally).retry_quarantined()


class Worker:
    """
    Claims ranges and does them, until none is free, or until another number of workers is wanted.

    ``number`` is its own among them: the only one gives way to several, the third ends when two are wanted.
    """

    def __init__(
        self, run: ActiveRun, step: Step, make: Maker, course: Course, tally: Tally, number: int | None = None
    ):
        self.run, self.step, self.course, self.tally = run, step, course, tally
        self.number = number
        self.is_out_of_work = False
        self.batches = make(run)
        self.driver = Driver(run, course)

    def work(self) -> None:
        while self._is_wanted():
            place = self._claim()
            if place is None:
                self.is_out_of_work = True
                return
            Runner(self.run, self.step, place, self.batches, self.driver, self.tally).to_the_end()

    def _is_wanted(self) -> bool:
        wanted = workers_of(self.run)
        return wanted == 1 if self.number is None else self.number < wanted

    def _claim(self) -> KeyRange | None:
        retries = Retries(self.run, self.step)
        while True:
            try:
                return lease.claim_range(self.run.record, self.step, self.run.db)
            except (DatabaseError, InterfaceError) as error:
                if not retries.may_try_again(error):
                    raise


class Workers:
    """Several workers of a step, in threads; how many may change while they work."""

    def __init__(self, run: ActiveRun, step: Step, make: Maker, course: Course, tally: Tally):
        self.run, self.step, self.make, self.course, self.tally = run, step, make, course, tally
        self.errors: list[BaseException] = []
        self.threads: dict[int, threading.Thread] = {}
        self.done: set[int] = set()  # workers that found nothing more to do

    def work(self) -> None:
        """Go through the ranges; raise the error of the first worker that failed, once all have ended."""
        self._hire()
        while self._busy():
            for thread in self._busy():
                thread.join(NAP_SECONDS)  # signals reach this thread, between two naps
            self._hire()
        self.run.control.failed = False
        if self.errors:
            raise self.errors[0]

    def _busy(self) -> list[threading.Thread]:
        return [thread for thread in self.threads.values() if thread.is_alive()]

    def _hire(self) -> None:
        """Start the workers that are wanted and not there; one that found nothing more to do is not started again."""
        for number in range(workers_of(self.run)):
            if self.errors or (number in self.threads and self.threads[number].is_alive()) or number in self.done:
                continue
            # Options that a command was asked for are in the context, which threads do not inherit.
            run = contextvars.copy_context().run
            name = f"{self.run} {number}"
            self.threads[number] = threading.Thread(target=run, args=(self._work, number), name=name, daemon=True)
            self.threads[number].start()

    def _work(self, number: int) -> None:
        try:
            worker = Worker(self.run.in_this_thread(), self.step, self.make, self.course, self.tally, number)
            worker.work()
            if worker.is_out_of_work:
                self.done.add(number)
        except WorkerStopped:
            pass
        except BaseException as error:
            self.errors.append(error)
            self.run.control.failed = True
        finally:
            connections[self.run.alias].close()
