"""
A run in this process: it is opened, finds or makes its steps, and is closed.

Steps are numbered in call order. After a crash the same code asks for the same steps again; each
gets its own recorded step back, finished or with its checkpoint.
"""

import copy
import getpass
import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from django.db import DatabaseError, IntegrityError, InterfaceError, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import F, Max, Sum
from django.db.models.functions import Now

from .. import signals
from ..conf import option, setting
from ..databases import database
from ..databases.base import Database
from ..exceptions import (
    Cancelled,
    CannotJournal,
    LeaseHeld,
    LeaseLost,
    LedgerMissing,
    OutsideWindow,
    PatchChanged,
    ReversibleMigrationError,
    StepFailed,
    Stopped,
)
from ..models import Event, KeyRange, Run, Step
from ..states import ALLOWED, UNFINISHED, Direction, Phase, RunStatus, StepKind, StepStatus
from . import lease
from .actor import actor
from .control import Control, stopped

LEDGER = ("reversible_migrations", "0001_initial")


def signature(*parts: Any) -> str:
    """Return a digest by which a step is known again; values in it cannot be read back."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


Opened = TypeVar("Opened")


class ActiveRun:
    """
    A run that this process owns. ``owner`` is the migration, whose class attributes are its options.

    ``first_rows`` ends every step behind so many rows; it is set by a preview only.
    """

    first_rows: int | None = None

    def __init__(self, record: Run, db: Database, owner: object):
        self.record = record
        self.db = db
        self.alias = db.alias
        self.owner = owner
        self.operation = 0
        self.ordinal = 0
        self.control = Control()

    def in_this_thread(self) -> "ActiveRun":
        """Return the same run for another worker: over the connection of the thread that calls."""
        run = copy.copy(self)
        run.db = database(self.alias)
        return run

    def __str__(self) -> str:
        return self.record.title

    @property
    def is_undo(self) -> bool:
        return bool(self.record.direction == Direction.BACKWARDS)

    def option(self, name: str) -> Any:
        wished = self.control.options
        if name == "LIMITS":
            return {**option(self.owner, name), **wished.get(name, {})}
        return wished[name] if name in wished else option(self.owner, name)

    # Steps

    def begin_operation(self, position: int) -> None:
        self.operation, self.ordinal = position, 0

    def end_operation(self) -> None:
        """Raise ``PatchChanged`` if steps were recorded that the code no longer has."""
        beyond = self.steps().filter(operation=self.operation, ordinal__gt=self.ordinal).first()
        if beyond is not None:
            raise self.changed(beyond, "no longer calls it")

    def steps(self) -> Any:
        return Step.objects.using(self.alias).filter(run_id=self.record.pk)

    def step(self, kind: StepKind, model: str = "", digest: str = "", restores: Step | None = None) -> Step:
        """
        Return the next step, recorded before or new.

        Raise ``PatchChanged`` if another one is recorded at this place.
        """
        self.control.heed(self)
        self.ordinal += 1
        known: Step | None = self.steps().filter(operation=self.operation, ordinal=self.ordinal).first()
        if known is None:
            return self._new_step(kind, model, digest, restores)
        if (known.kind, known.model, known.signature) != (str(kind), model, digest):
            raise self.changed(known, f"is now: {kind} {model}".rstrip() + ", or has other values or conditions")
        return known

    def _new_step(self, kind: StepKind, model: str, digest: str, restores: Step | None) -> Step:
        number = (self.steps().aggregate(last=Max("number"))["last"] or 0) + 1
        step = Step(
            run=self.record, number=number, operation=self.operation, ordinal=self.ordinal, kind=kind, model=model,
            signature=digest, restores=restores, started_at=Now(),
        )  # fmt: skip
        with transaction.atomic(using=self.alias):
            self.fence()
            step.save(using=self.alias)
        step.refresh_from_db(using=self.alias)
        return step

    def begin_step(self, step: Step, parts: Sequence[tuple[Any, Any]] = ((None, None),), **facts: Any) -> None:
        """Divide a new ``step`` into ranges, each from the one key up to the other, and note what is known of it."""
        with transaction.atomic(using=self.alias):
            self.fence()
            self.steps().filter(pk=step.pk).update(**facts)
            KeyRange.objects.using(self.alias).bulk_create(
                KeyRange(step=step, number=number, low=low, upper=upper, checkpoint=low)
                for number, (low, upper) in enumerate(parts)
            )
        for name, value in facts.items():
            setattr(step, name, value)

    def ranges(self, step: Step) -> Any:
        return KeyRange.objects.using(self.alias).filter(step=step)

    def first_key(self, step: Step) -> Any:
        """Return the key behind which ``step`` begins; None for the table's first row."""
        return None

    def changed(self, step: Step, how: str) -> PatchChanged:
        return PatchChanged(
            f"{self}, {step}",
            f"was recorded in run {self.record.pk}, but the code at this place {how}.",
            standing=f"{step.rows_done:,} rows of this step are changed and recorded; nothing more was run.",
            todo=(
                f"Put the old code back and run `migrate` again, or undo what was done with "
                f"`manage.py safe_rollback {self.record.app} --run {self.record.pk}` and run the new code afresh."
            ),
            step=step.number,
        )

    def finish_step(self, step: Step, **facts: Any) -> None:
        """Mark ``step`` as finished; inside the caller's transaction if there is one."""
        for name, value in {**facts, "status": StepStatus.DONE}.items():
            setattr(step, name, value)
        self.steps().filter(pk=step.pk).update(status=StepStatus.DONE, finished_at=Now(), **facts)
        rows = self.steps().aggregate(rows=Sum("rows_done"))["rows"] or 0
        Run.objects.using(self.alias).filter(pk=self.record.pk).update(rows_done=rows)

    # The lease and the ledger

    def fence(self) -> None:
        lease.check_token(self.record, self.alias)

    def event(self, kind: str, text: str = "", **facts: Any) -> None:
        note_event(self.record, self.alias, kind, text, **facts)

    def renew_session(self, place: KeyRange | None) -> None:
        """Tell the ledger the session of a worker's new connection."""
        owner = {**lease.this_process(), **self.db.session()}
        if place is not None:
            KeyRange.objects.using(self.alias).filter(pk=place.pk, token=place.token).update(owner=owner)
        if threading.current_thread() is threading.main_thread():
            Run.objects.using(self.alias).filter(pk=self.record.pk, token=self.record.token).update(owner=owner)

    def set_status(self, status: RunStatus, text: str = "", **facts: Any) -> None:
        set_status(self.record, status, self.alias, text, **facts)

    def pause(self, reason: str) -> None:
        """Note that the run waits, and why, in words."""
        with self.control.turn:
            if (self.record.status, self.record.waiting) != (RunStatus.PAUSED, reason):
                self.set_status(RunStatus.PAUSED, reason, waiting=reason)

    def wait(self, reason: str) -> None:
        """Note what the run waits for, without its being paused."""
        if not self.record.waiting:
            self.event("wait", reason)
        if self.record.waiting != reason:
            self._note_waiting(reason)

    def resume(self) -> None:
        """Note that the run works again, if it did not."""
        with self.control.turn:
            if self.record.status == RunStatus.PAUSED:
                self.set_status(RunStatus.RUNNING, "Goes on.", waiting="")
            elif self.record.waiting:
                self.event("waited")
                self._note_waiting("")

    def _note_waiting(self, reason: str) -> None:
        self.record.waiting = reason
        Run.objects.using(self.alias).filter(pk=self.record.pk, token=self.record.token).update(waiting=reason)


def set_status(run: Run, status: RunStatus, alias: str, text: str = "", **facts: Any) -> None:
    """Move ``run`` to ``status``, along the arrows of ``states.ALLOWED`` only, with its event."""
    if status not in ALLOWED[RunStatus(run.status)]:
        raise AssertionError(f"{run}: {run.status} may not become {status}")
    if status == RunStatus.FAILED:
        facts.update(failures=F("failures") + 1)
    ended = status in (RunStatus.DONE, RunStatus.UNDONE)
    if ended:
        facts.update(holds=None)
        if run.finished_at is None:
            facts.update(finished_at=Now())
    with transaction.atomic(using=alias):
        moved = Run.objects.using(alias).filter(pk=run.pk, token=run.token).update(status=status, **facts)
        if not moved:
            lease.check_token(run, alias)
        note_event(run, alias, "status", text, status=status)
    before = run.status
    run.refresh_from_db(using=alias)
    if run.status != before:
        tell = partial(signals.tell, signals.status_changed, run=run, using=alias, before=before, reason=text)
        transaction.on_commit(tell, using=alias)


def note_event(run: Run, alias: str, kind: str, text: str = "", **facts: Any) -> None:
    event = Event.objects.using(alias).create(run_id=run.pk, at=Now(), kind=kind, text=text, facts=facts)
    run.last_event = event.pk


def has_ledger(db: Database) -> bool:
    return db.has_table(db.quote(Run._meta.db_table))


def require_ledger(db: Database, where: str) -> None:
    if not has_ledger(db):
        raise LedgerMissing(
            where,
            f"the tables of reversible_migrations are not in the database {db.alias!r}.",
            todo=f'Add ("{LEDGER[0]}", "{LEDGER[1]}") to the dependencies of the migration, and let the database '
            "routers allow the app on this database.",
        )


def latest_run(app: str, name: str, alias: str, phase: Phase | None = None) -> Run | None:
    """Return the newest forward run of a migration, or of one of its phases."""
    runs = Run.objects.using(alias).filter(app=app, name=name, direction=Direction.FORWARDS, phase=phase)
    return runs.order_by("-pk").first()


def latest_runs(app: str, name: str, alias: str) -> list[Run]:
    """Return the newest forward run of each phase of a migration, the last phase first."""
    runs = Run.objects.using(alias).filter(app=app, name=name, direction=Direction.FORWARDS).order_by("pk")
    newest = {run.phase: run for run in runs}
    return [newest[phase] for phase in sorted(newest, key=lambda phase: phase or 0, reverse=True)]


def open_forwards(app: str, name: str, alias: str, owner: object, phase: Phase | None = None) -> ActiveRun | None:
    """
    Return the run that applies a migration, or a phase of it: a new one, or the unfinished one, taken over.

    Return None if it is finished and Django has not come to record it. Raise ``LeaseHeld`` while
    another process runs it, after waiting ``LEASE_WAIT_SECONDS`` for it.
    """
    db = database(alias)
    require_ledger(db, f"{app}.{name}")
    with writable(db, f"{app}.{name}", "Nothing was run."):
        return _patiently(lambda: _open_forwards(app, name, db, owner, phase))


def _open_forwards(app: str, name: str, db: Database, owner: object, phase: Phase | None) -> ActiveRun | None:
    run = latest_run(app, name, db.alias, phase)
    if run is not None and run.status == RunStatus.DONE:
        if not run.recorded or _is_applied(run, db):  # the latter while we waited for the lease
            return None
        # Django had recorded it and has forgotten it since, by --fake: whoever did so wants it run anew.
        set_status(run, RunStatus.UNDONE, db.alias, "Its migration was unapplied with --fake.")
    if run is not None and run.status in UNFINISHED:
        return ActiveRun(lease.acquire(run, db), db, owner)
    return ActiveRun(_create(app, name, phase, Direction.FORWARDS, db, owner), db, owner)


def _is_applied(run: Run, db: Database) -> bool:
    return (run.app, run.name) in MigrationRecorder(db.connection).applied_migrations()


def open_backwards(undone: Run, alias: str, owner: object) -> ActiveRun | None:
    """
    Return the run that undoes the forward run ``undone``: a new one, or the unfinished one, taken over.

    Return None if another process has undone it while this one waited. An unfinished forward run is taken
    from its owner first, so that it cannot go on meanwhile.
    """
    db = database(alias)

    def opened() -> ActiveRun | None:
        known = Run.objects.using(alias).filter(undoes=undone.pk).exclude(status=RunStatus.DONE).first()
        if known is not None:
            return ActiveRun(lease.acquire(known, db), db, owner)
        undone.refresh_from_db(using=alias)
        if undone.status == RunStatus.UNDONE:
            return None
        if undone.status in UNFINISHED:
            lease.acquire(undone, db)
        with transaction.atomic(using=alias):
            set_status(undone, RunStatus.UNDOING, alias, holds=None)
            run = _create(undone.app, undone.name, undone.phase, Direction.BACKWARDS, db, owner, undone)
        return ActiveRun(run, db, owner)

    with writable(db, undone.migration, "Nothing was undone."):
        return _patiently(opened)


@contextmanager
def writable(db: Database, where: str, standing: str) -> Iterator[None]:
    """Turn the errors of a database that is gone, or in which nothing can be written, into errors of ours."""
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        why = db.is_out_of_place(error)
        if db.is_lost_connection(error):
            raise StepFailed(
                where,
                f"the connection to the database was lost: {db.describe(error)}.",
                standing=standing,
                todo="Run the same command again when the database answers.",
            ) from None
        if why is None:
            raise
        raise CannotJournal(
            where,
            f"the ledger of runs cannot be written: {why}.",
            standing=standing,
            todo="Give the migrating role the right, a writable database or more space, and run it again.",
        ) from None


def _create(
    app: str,
    name: str,
    phase: int | None,
    direction: Direction,
    db: Database,
    owner: object,
    undoes: Run | None = None,
) -> Run:
    run = Run(
        app=app, name=name, phase=phase, direction=direction, holds=f"{app}.{name}", undoes=undoes, heartbeat=Now(),
        started_at=Now(), owner={**lease.this_process(), **db.session()}, started_by=user(),
        alert_after_seconds=getattr(owner, "alert_after_seconds", None),
    )  # fmt: skip
    try:
        with transaction.atomic(using=db.alias):
            run.save(using=db.alias)
            note_event(run, db.alias, "status", status=RunStatus.RUNNING)
    except IntegrityError:
        other = Run.objects.using(db.alias).filter(holds=f"{app}.{name}").first()
        if other is None:
            raise
        if other.direction == Direction.BACKWARDS and lease.is_left(other, db):
            raise lease.undo_unfinished(other) from None
        raise lease.held(other) from None
    run.refresh_from_db(using=db.alias)
    return run


def user() -> str:
    """Return who acts: the person for whom it is done, else the user of this process, "" where none is known."""
    if actor():
        return actor()
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""


def _patiently(attempt: Callable[[], Opened]) -> Opened:
    until = time.monotonic() + setting("LEASE_WAIT_SECONDS")
    while True:
        try:
            return attempt()
        except LeaseHeld:
            if time.monotonic() >= until:
                raise
            time.sleep(0.5)


@contextmanager
def running(run: ActiveRun) -> Iterator[ActiveRun]:
    """Keep the ledger and the watchers informed while the caller does the steps of ``run``."""
    run.control.recall(run)
    signals.tell(signals.run_started, run=run.record, using=run.alias)
    standing = "What is committed is recorded, and the run goes on from there."
    try:
        with writable(run.db, str(run), standing), run.control.noting_signals():
            yield run
            if run.control.signal is not None and run.record.status == RunStatus.DONE:
                raise stopped(run, run.control.signal)
    except LeaseLost:
        raise
    except (Stopped, OutsideWindow) as error:
        if run.record.status != RunStatus.DONE:
            _leave(run, RunStatus.PAUSED, error.what, owner={}, waiting=error.what)
        raise
    except Cancelled as error:
        _leave(run, RunStatus.CANCELLED, error.what, owner={})
        raise
    except (KeyboardInterrupt, SystemExit):
        _leave(run, RunStatus.INTERRUPTED, "The process was asked to stop.")
        if run.control.signal is not None:
            raise SystemExit(128 + run.control.signal) from None
        raise
    except BaseException as error:
        known = isinstance(error, ReversibleMigrationError)
        _leave(run, RunStatus.FAILED, str(error) if known else run.db.describe(error))  # no values of rows
        raise
    finally:
        signals.tell(signals.run_finished, run=run.record, using=run.alias, status=run.record.status)


def _leave(run: ActiveRun, status: RunStatus, reason: str, **facts: Any) -> None:
    """Note why a run stopped, as far as the database still answers; the ledger is right without it as well."""
    facts = {"waiting": "", "error": "" if status == RunStatus.PAUSED else reason, **facts}
    try:
        if not run.db.connection.needs_rollback:
            set_status(run.record, status, run.alias, reason if status == RunStatus.PAUSED else "", **facts)
    except Exception:
        run.db.connection.close() if not run.db.connection.in_atomic_block else None
