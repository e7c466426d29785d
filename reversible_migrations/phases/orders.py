"""
What is ordered from the page and done by a process of its own: starting and undoing runs, trying rows once more.

An order is recorded before the process is started, with who and why, so that nothing is ordered twice and a failure
before a run was opened is seen. The process, ``manage.py carry_out``, does it by the commands that people type.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError
from django.db import IntegrityError, connections, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.functions import Now

from .. import signals
from ..databases import database
from ..databases.base import Database
from ..exceptions import CannotStart, ReversibleMigrationError, UnknownMigration, WishRefused
from ..models import Event, Order, Run
from ..overview import require_tables
from ..runs import lease
from ..runs.actor import acting_for
from ..states import IN_HAND, UNFINISHED, Direction, OrderKind, Phase
from .readiness import executing
from .starting import start

PATIENCE_SECONDS = 60  # that an order may wait for its process before another one replaces it
SILENCE_SECONDS = 600  # without a run in hand, after which a process of another host counts as gone
PHASES = "phases"
UNDOES = (OrderKind.UNDO, OrderKind.CANCEL)


def order_start(alias: str, run: Run, by: str, reason: str) -> Order:
    """
    Order that the migration of ``run`` is applied, or gone on with.

    Raise ``WishRefused`` while somebody does, or where it is applied, or of an undo.
    """
    if run.direction == Direction.BACKWARDS:
        raise WishRefused(str(run), "is an undo.", "Nothing was changed.", "Undo it: that goes on with it.")
    _refuse_in_hand(run, alias)
    _refuse_applied(alias, run.app, run.name)
    return _place(alias, OrderKind.START, run.migration, [*run.command.split()[1:], *_quietly(run)], by, reason)


def order_migration(alias: str, app: str, name: str, by: str, reason: str) -> Order:
    """
    Order that a migration is applied, with those it depends on.

    Raise ``UnknownMigration`` without one of just this name, ``WishRefused`` where it is applied.
    """
    if (app, name) not in MigrationLoader(connections[alias]).graph.nodes:
        raise UnknownMigration(f"{app}.{name}", "is no migration of this project.")
    _refuse_applied(alias, app, name)
    return _place(alias, OrderKind.START, f"{app}.{name}", ["migrate", app, name, "--noinput"], by, reason)


def order_phase(alias: str, phase: Phase, by: str, reason: str) -> Order:
    """Order everything up to and including ``phase``."""
    return _place(alias, OrderKind.PHASE, PHASES, ["migrate_phased", "--phase", phase.label], by, reason)


def order_undo(alias: str, run: Run, by: str, reason: str, on_conflict: str | None = None) -> Order:
    """Order that the migration of ``run`` is undone, with what depends on it; raise ``WishRefused`` while it works."""
    _refuse_in_hand(run, alias)
    arguments = ["safe_rollback", run.app, "--run", str(run.undoes_id or run.pk), "--noinput"]
    if on_conflict is not None:
        arguments += ["--on-conflict", on_conflict]
    return _place(alias, OrderKind.UNDO, run.migration, arguments, by, reason)


def order_cancel_and_undo(alias: str, run: Run, by: str, reason: str) -> Order:
    """Order that ``run`` is stopped for good, and undone then."""
    if run.status not in UNFINISHED:
        raise WishRefused(f"run {run.pk} of {run.title}", f"is over: it is {run.status}.", "Nothing was changed.")
    arguments = ["control_migration", str(run.pk), "cancel", "--undo", "--wait", "3600", f"--reason={reason}"]
    return _place(alias, OrderKind.CANCEL, run.migration, arguments, by, reason)


def order_retry(alias: str, run: Run, by: str, reason: str) -> Order:
    """Order that the rows are tried once more that a finished ``run`` had set aside."""
    if not run.steps.using(alias).filter(rows_failed__gt=0).exists():
        raise WishRefused(f"run {run.pk} of {run.title}", "has no rows set aside.", "Nothing was changed.")
    arguments = ["control_migration", str(run.pk), "retry-quarantined", f"--reason={reason}"]
    return _place(alias, OrderKind.RETRY, run.migration, arguments, by, reason)


def run_named(alias: str, number: int) -> Run:
    """Return run ``number``; raise ``UnknownMigration`` where there is none."""
    require_tables(database(alias))
    run = Run.objects.using(alias).filter(pk=number).first()
    if run is None:
        raise UnknownMigration(f"run {number}", f"is not in the database {alias!r}.", "Nothing was changed.")
    return run


# Placing it


def _quietly(run: Run) -> list[str]:
    return ["--noinput"] if run.phase is None else []


def _refuse_applied(alias: str, app: str, name: str) -> None:
    """Raise ``WishRefused`` for a migration that is applied: ``migrate`` would unapply those behind it."""
    if (app, name) in MigrationRecorder(database(alias).connection).applied_migrations():
        raise WishRefused(f"{app}.{name}", "is applied already.", "Nothing was changed.")


def _refuse_in_hand(run: Run, alias: str) -> None:
    found = executing(run, database(alias))
    if found is not None:
        raise WishRefused(
            found.title,
            f"is being run {found.direction} by {lease.owner_in_words(found.owner)} (run {found.pk}).",
            "Nothing was changed.",
            "Cancel it first, or wait for it.",
            run=found.pk,
        )


def _place(alias: str, kind: OrderKind, subject: str, arguments: Sequence[str], by: str, reason: str) -> Order:
    db = database(alias)
    require_tables(db)
    order = Order(
        kind=kind, subject=subject, holds=subject, arguments=[*arguments, "--database", alias], by=by, reason=reason,
        at=Now(),
    )  # fmt: skip
    _release_left(subject, db)
    try:
        with transaction.atomic(using=alias):
            order.save(using=alias)
    except IntegrityError:
        raise _ordered_already(subject, alias) from None
    order.refresh_from_db(using=alias)
    try:
        start(["carry_out", str(order.pk), "--database", alias])
    except CannotStart as error:
        _end(order, alias, error.exit_code, str(error))
        raise
    return order


def _ordered_already(subject: str, alias: str) -> WishRefused:
    other = Order.objects.using(alias).filter(holds=subject).first()
    what = f"{other.by or 'somebody'} has ordered already: {other.kind}" if other else "was just ordered by somebody"
    return WishRefused(subject, f"{what}.", "Nothing was changed.", "See what becomes of it.")


def _release_left(subject: str, db: Database) -> None:
    """End an order whose process is gone, or that no process has taken up for long, so that another can be placed."""
    other = Order.objects.using(db.alias).filter(holds=subject).first()
    if other is not None and is_left(other, db):
        why = "Its process ended without a word." if other.begun_at else "No process took it up."
        _end(other, db.alias, None, why)


def is_left(order: Order, db: Database) -> bool:
    """Return whether nobody will carry out an open order any more."""
    this = Order.objects.using(db.alias).filter(pk=order.pk)
    if order.begun_at is None:
        return this.filter(at__lt=Now() - timedelta(seconds=PATIENCE_SECONDS)).exists()
    if lease.process_is_gone(order.owner):
        return True
    is_silent = this.filter(begun_at__lt=Now() - timedelta(seconds=SILENCE_SECONDS)).exists()
    return is_silent and not lease.is_of_this_host(order.owner) and not _works(db)


def _works(db: Database) -> bool:
    """Return whether any run of this database is in somebody's hands."""
    return not all(lease.is_left(run, db) for run in Run.objects.using(db.alias).filter(status__in=IN_HAND))


# Carrying it out


def carry_out(alias: str, number: int, execute: Callable[[list[str]], Any]) -> None:
    """
    Have ``execute`` do what order ``number`` says, for whoever ordered it, and note how it ended.

    Raise ``WishRefused`` if it was taken up or given up before, and whatever ``execute`` raises.
    """
    db = database(alias)
    require_tables(db)
    open_orders = Order.objects.using(alias).filter(pk=number, begun_at=None, ended_at=None)
    if not open_orders.update(begun_at=Now(), owner=lease.this_process()):
        raise WishRefused(f"order {number}", "is not there, or was taken up already.")
    order = Order.objects.using(alias).get(pk=number)
    try:
        with acting_for(order.by), _noting_the_run(order, alias):
            execute(order.arguments)
    except BaseException as error:
        _end(order, alias, exit_status_of(error), _why(error, db))
        raise
    _end(order, alias, 0, "")


@contextmanager
def _noting_the_run(order: Order, alias: str) -> Iterator[None]:
    """Note in each run that is opened meanwhile who ordered it and why, and in the order the first of them."""

    def note(run: Run, using: str, **facts: Any) -> None:
        if using != alias:
            return
        Order.objects.using(alias).filter(pk=order.pk, run=None).update(run=run)
        facts = {"order": order.pk, "by": order.by, "reason": order.reason}
        Event.objects.using(alias).create(run_id=run.pk, at=Now(), kind="ordered", text=order.kind, facts=facts)

    signals.run_started.connect(note, weak=False)
    try:
        yield
    finally:
        signals.run_started.disconnect(note)


def _end(order: Order, alias: str, status: int | None, error: str) -> None:
    open_orders = Order.objects.using(alias).filter(pk=order.pk, ended_at=None)
    open_orders.update(ended_at=Now(), exit_status=status, error=error, holds=None)


def exit_status_of(error: BaseException) -> int:
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    return error.returncode if isinstance(error, CommandError) else 1


def _why(error: BaseException, db: Database) -> str:
    """Return what went wrong without values of rows; a run that was opened says more."""
    if isinstance(error, ReversibleMigrationError | CommandError):
        return str(error)
    return db.describe(error) if isinstance(error, Exception) else "The process was asked to stop."
