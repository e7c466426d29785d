"""The base class: every operation is a recorded step, and a migration that cannot be undone is refused."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.db import migrations, router, transaction
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.fields import RemoveField
from django.db.migrations.operations.models import DeleteModel
from django.db.migrations.operations.special import RunPython, RunSQL

from ..batches.runner import is_finished
from ..exceptions import Irreversible
from ..models import Step
from ..operations.base import ReversibleOperation, close_undo, flattened, operating, run_to_undo
from ..runs.run import LEDGER, ActiveRun, open_backwards, open_forwards, running
from ..states import RunStatus, StepKind


class ReversibleMigration(migrations.Migration):
    """
    A migration that goes on where it was interrupted and that undo brings back exactly.

    Each operation is committed with its own note in the ledger, so ``atomic`` is False: a killed
    migration, run again, goes on at the next operation, forwards and backwards. Reversible
    operations (``operations.UpdateRows`` and so on) may stand beside ordinary ones.

    Raise ``Irreversible`` before anything runs for an operation that cannot be undone, unless
    ``irreversible = "reason"`` says that this is meant.
    """

    atomic = False
    irreversible: ClassVar[str] = ""
    batch_size: ClassVar[int | None] = None
    pause_seconds: ClassVar[float | None] = None
    on_conflict: ClassVar[str | None] = None
    max_failed_share: ClassVar[float | None] = None
    retries: ClassVar[int | None] = None
    lock_timeout_seconds: ClassVar[float | None] = None

    def __init__(self, name: str, app_label: str):
        super().__init__(name, app_label)
        if LEDGER not in self.dependencies:
            self.dependencies = [*self.dependencies, LEDGER]  # type: ignore[misc]  # as Django's own __init__ does

    # Forwards

    def apply(self, project_state: Any, schema_editor: Any, collect_sql: bool = False) -> Any:
        if collect_sql or not self.is_wanted_on(schema_editor.connection.alias):
            return super().apply(project_state, schema_editor, collect_sql)
        self.refuse_what_cannot_be_undone()
        run = open_forwards(self.app_label, self.name, schema_editor.connection.alias, self)
        if run is None:  # finished before; Django had no time to record it
            return self.mutate_state(project_state, preserve=False)
        with running(run):
            for position, operation in enumerate(self.operations):
                before = project_state.clone()
                operation.state_forwards(self.app_label, project_state)
                with operating(run, position):
                    self._forwards(operation, run, schema_editor, before, project_state)
            run.set_status(RunStatus.DONE)
        return project_state

    def _forwards(self, operation: Operation, run: ActiveRun, schema_editor: Any, before: Any, after: Any) -> None:
        if isinstance(operation, ReversibleOperation):
            operation.database_forwards(self.app_label, schema_editor, before, after)
            return
        step = run.step(StepKind.OPERATION, operation.describe()[:255])
        if not is_finished(step):
            with CommittedWith(run, step, operation, schema_editor):
                operation.database_forwards(self.app_label, schema_editor, before, after)

    def is_wanted_on(self, alias: str) -> bool:
        """Return whether the database routers let this app live on the database ``alias``."""
        return bool(router.allow_migrate(alias, self.app_label))

    def refuse_what_cannot_be_undone(self) -> None:
        """Raise ``Irreversible`` for the first operation that cannot be undone and has no stated reason."""
        if self.irreversible:
            return
        for number, operation in enumerate(flattened(self.operations), start=1):
            fault = fault_of(operation)
            if fault:
                raise Irreversible(
                    str(self),
                    f"operation {number} ({operation.describe()}) cannot be undone: {fault[0]}",
                    todo=f'{fault[1]}, or state irreversible = "why" in the migration.',
                    operation=number,
                )

    # Backwards

    def unapply(self, project_state: Any, schema_editor: Any, collect_sql: bool = False) -> Any:
        if collect_sql or not self.is_wanted_on(schema_editor.connection.alias):
            return super().unapply(project_state, schema_editor, collect_sql)
        if self.irreversible:
            raise IrreversibleError(f"{self} is irreversible: {self.irreversible}. Nothing was undone.")
        alias = schema_editor.connection.alias
        undone = run_to_undo(self.app_label, self.name, alias)
        run = open_backwards(undone, alias, self) if undone is not None else None
        if run is not None:
            self.undo(run, project_state, schema_editor)
        return project_state

    def undo(self, run: ActiveRun, project_state: Any, schema_editor: Any) -> None:
        """Undo every operation, the last one first. ``project_state`` is the one before this migration."""
        with running(run):
            for position, operation, before, after in self._newest_first(project_state):
                with operating(run, position):
                    self._backwards(operation, run, schema_editor, after, before)
            close_undo(run)

    def _newest_first(self, project_state: Any) -> Iterator[tuple[int, Operation, Any, Any]]:
        states = [project_state]
        for operation in self.operations:
            after = states[-1].clone()
            operation.state_forwards(self.app_label, after)
            states.append(after)
        for position in reversed(range(len(self.operations))):
            yield position, self.operations[position], states[position], states[position + 1]

    def _backwards(self, operation: Operation, run: ActiveRun, schema_editor: Any, after: Any, before: Any) -> None:
        if isinstance(operation, ReversibleOperation):
            operation.database_backwards(self.app_label, schema_editor, after, before)
            return
        done = Step.objects.using(run.alias).filter(run=run.record.undoes, operation=run.operation).first()
        if done is None or not is_finished(done):
            return  # an interrupted run had not come to it
        step = run.step(StepKind.OPERATION, operation.describe()[:255], restores=done)
        if not is_finished(step):
            with CommittedWith(run, step, operation, schema_editor):
                operation.database_backwards(self.app_label, schema_editor, after, before)


class CommittedWith:
    """Do an ordinary operation, its deferred SQL, and the note that its step is finished in one transaction."""

    def __init__(self, run: ActiveRun, step: Step, operation: Operation, schema_editor: Any):
        self.run, self.step, self.schema_editor = run, step, schema_editor
        self.transaction = None if refuses_transaction(operation) else transaction.atomic(using=run.alias)

    def __enter__(self) -> None:
        if self.transaction is not None:
            self.transaction.__enter__()
        self.run.fence()

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        try:
            if error is None:
                # Kept for the end of the migration they would be lost by a crash between two operations.
                statements, self.schema_editor.deferred_sql = list(self.schema_editor.deferred_sql), []
                for statement in statements:
                    self.schema_editor.execute(statement)
                self.run.finish_step(self.step)
                self.run.db.forget_columns()
        except BaseException as failure:
            if self.transaction is not None:
                self.transaction.__exit__(type(failure), failure, failure.__traceback__)
            raise
        if self.transaction is not None:
            self.transaction.__exit__(kind, error, traceback)


def refuses_transaction(operation: Operation) -> bool:
    """Return whether ``operation`` has to run outside a transaction (``CREATE INDEX CONCURRENTLY`` and the like)."""
    if isinstance(operation, RunPython):
        return operation.atomic is False
    if isinstance(operation, RunSQL):
        return "CONCURRENTLY" in str(operation.sql).upper()
    return hasattr(operation, "_ensure_not_in_transaction")


def fault_of(operation: Operation) -> tuple[str, str] | None:
    """Return why ``operation`` cannot be undone and what to write instead, or None if it can."""
    if isinstance(operation, ReversibleOperation):
        return None
    if isinstance(operation, RemoveField | DeleteModel):
        return "its values would be lost.", "Keep it in the database for now (SeparateDatabaseAndState)"
    if isinstance(operation, RunPython) and not operation.reversible:
        name = getattr(operation.code, "__name__", "the function")
        return "it has no reverse.", f"Use operations.RecordedPython({name}, models=[...])"
    if isinstance(operation, RunPython) and operation.reverse_code is RunPython.noop:
        if operation.code is RunPython.noop:
            return None
        return "its reverse does nothing.", "Use operations.RecordedPython(..., models=[...])"
    if isinstance(operation, RunSQL) and not operation.reversible:
        return "it has no reverse.", "Use operations.RecordedSQL(..., models=[...])"
    if not operation.reversible:
        return "it says so itself.", "Write its reverse"
    return None
