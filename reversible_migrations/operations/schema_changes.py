"""
Schema changes on a table in use: planned once, written to the ledger, and done statement by statement.

A statement and the note that it is done are one transaction, so each is done exactly once. Builds of
indexes cannot be: they are found again by the catalogue, and what an interrupted one has left is dropped. A
lock is asked for with a short timeout, so that nobody queues behind it for long, and asked for again.
"""

from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, transaction
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.fields import FieldOperation
from django.db.migrations.operations.models import IndexOperation, ModelOperation
from django.db.migrations.operations.special import SeparateDatabaseAndState

from ..conf import option
from ..databases.base import Database
from ..databases.schema_change import BUILD, DROP, SCAN, SHORT, SchemaPlan, SchemaStatement
from ..exceptions import LockNotHad, RowsDoNotSuit
from ..models import Step
from ..runs.control import way_on
from ..runs.heartbeat import keeping_lease
from ..runs.patience import pause_after, timeout_of
from ..runs.run import ActiveRun
from .base import ReversibleOperation


def nothing() -> None:
    """Do nothing."""


def can_be_planned(operation: Operation, db: Database) -> bool:
    """Return whether ``operation`` changes tables, and does it by Django's schema editor alone."""
    if isinstance(operation, SeparateDatabaseAndState):
        return all(can_be_planned(part, db) for part in operation.database_operations)
    by_editor = isinstance(operation, ModelOperation | FieldOperation | IndexOperation) or db.can_plan(operation)
    return by_editor and not isinstance(operation, ReversibleOperation)


def is_mixed(operation: Operation, db: Database) -> bool:
    """Return whether ``operation`` holds changes of tables together with others, such as SQL, that keep it whole."""
    if not isinstance(operation, SeparateDatabaseAndState):
        return False
    parts = operation.database_operations
    return any(is_mixed(part, db) for part in parts) or len({can_be_planned(part, db) for part in parts}) > 1


def is_begun(step: Step) -> bool:
    """Return whether an interrupted online change may have left anything in the database."""
    if step.statements_done or not step.statements:
        return bool(step.statements_done)
    # Only what is done outside of a transaction may be there in part.
    return step.statements[0]["kind"] in (BUILD, DROP)


def change_online(run: ActiveRun, step: Step, operation: Operation, app_label: str, before: Any, after: Any) -> bool:
    """
    Do ``operation``, or what is left of it; return False where the database does it Django's way.

    Raise ``LockNotHad`` if a lock was not to be had in ``LOCK_TRIES`` tries, ``RowsDoNotSuit`` if rows break what
    is to hold from now on. The statements before that are done and noted, and the same command goes on behind them.
    """
    return carry_out(run, step, lambda: run.db.plan_schema_change(operation, app_label, before, after, run.is_undo))


def carry_out(
    run: ActiveRun,
    step: Step,
    planned: Callable[[], SchemaPlan | None],
    noted: Callable[[], object] = nothing,
    finished: Callable[[], object] = nothing,
) -> bool:
    """
    Do the statements that ``planned`` gives, or what is left of them, and finish ``step``; return False for no plan.

    ``noted`` is called in the transaction that writes them down, ``finished`` in the one that finishes the step.
    """
    if not step.statements_done:  # nothing is done yet: whoever put the code right meanwhile is heard
        plan = planned()
        if plan is None:
            return False
        with transaction.atomic(using=run.alias):
            run.fence()
            _write_down(run, step, plan)
            noted()
    left: list[dict[str, Any]] = (step.statements or [])[step.statements_done :]
    for statement in [SchemaStatement.of_json(facts) for facts in left]:
        _patiently(run, step, statement)
    with transaction.atomic(using=run.alias):
        run.fence()
        run.finish_step(step)
        finished()
    run.db.forget_columns()
    return True


def _write_down(run: ActiveRun, step: Step, plan: SchemaPlan) -> None:
    step.statements = [statement.as_json() for statement in plan.statements]
    run.steps().filter(pk=step.pk).update(statements=step.statements)


def _patiently(run: ActiveRun, step: Step, statement: SchemaStatement) -> None:
    """Do one statement, asking for its lock again and again; each try waits for it a little longer."""
    tries = int(option(run.owner, "LOCK_TRIES"))
    for number in range(1, tries + 1):
        run.control.heed(run)
        try:
            _once(run, step, statement, timeout_of(number))
        except DatabaseError as error:
            if statement.kind in (SCAN, BUILD) and run.db.is_bad_data(error):
                raise _unsuitable(run, step, statement, error) from None
            if not run.db.is_lock_timeout(error) or number == tries:
                raise _not_had(run, step, statement, tries) if run.db.is_lock_timeout(error) else error from None
            run.wait(f"waiting for a lock on {statement.table}, held by {_blockers(run, statement)}")
            run.control.wait(run, pause_after(number))
        else:
            run.resume()
            return


def _once(run: ActiveRun, step: Step, statement: SchemaStatement, timeout_seconds: float) -> None:
    db, done = run.db, step.statements_done + 1
    if statement.kind in (BUILD, DROP):
        with keeping_lease(run), db.unhurried():
            db.build_or_drop_index(statement)
    with transaction.atomic(using=run.alias):
        run.fence()  # its lock keeps the lease as long as the statement takes
        if statement.kind in (SHORT, SCAN):
            db.change_schema(statement, timeout_seconds)
        run.steps().filter(pk=step.pk).update(statements_done=done)
    step.statements_done = done


def _unsuitable(run: ActiveRun, step: Step, statement: SchemaStatement, error: DatabaseError) -> RowsDoNotSuit:
    """Take away what was made and the rows do not suit, and return the error that says so."""
    standing = "They are as they were, and what was made for it is taken away again."
    if statement.undo:
        with transaction.atomic(using=run.alias):
            run.fence()
            run.db.execute(statement.undo)
            run.steps().filter(pk=step.pk).update(statements_done=step.statements_done - 1)
    elif statement.kind == BUILD:
        run.db.drop_invalid_index(statement)
    else:
        standing = "They are as they were, and it holds for new rows only, as before."
    return RowsDoNotSuit(
        f"{run}, {step}",
        f"rows of {statement.table} do not suit {statement.name} ({run.db.describe(error)}).",
        standing=standing,
        todo=f"Put them right, with a data patch before this operation. {way_on(run)}",
    )


def _not_had(run: ActiveRun, step: Step, statement: SchemaStatement, tries: int) -> LockNotHad:
    return LockNotHad(
        f"{run}, {step}",
        f"a lock on {statement.table} was not to be had in {tries} tries: {_blockers(run, statement)} held it.",
        standing="What came before it is done and recorded.",
        todo=f"End those sessions, or wait for them. {way_on(run)}",
    )


def _blockers(run: ActiveRun, statement: SchemaStatement) -> str:
    return run.db.blockers(statement.table) or "a session that has ended since"
