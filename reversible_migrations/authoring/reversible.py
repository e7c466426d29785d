"""The base class: every operation is a recorded step, and a migration that cannot be undone is refused."""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db import migrations, router
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.fields import RemoveField
from django.db.migrations.operations.models import AlterOrderWithRespectTo, DeleteModel
from django.db.migrations.operations.special import RunPython, RunSQL, SeparateDatabaseAndState

from ..batches.runner import is_finished
from ..conf import SETTINGS, option
from ..databases import database
from ..exceptions import Irreversible, RefusedOption
from ..load.options import fault_of as load_fault_of
from ..load.options import gauges_fault
from ..models import Run, Step
from ..operations.base import ReversibleOperation, close_undo, flattened, operating, runs_to_undo
from ..operations.committed import CommittedWith, is_concurrent
from ..operations.lossy_changes import keeping_what_is_lost
from ..operations.retire_field import RetireField
from ..operations.retire_model import RetireModel
from ..operations.retire_order import RetireOrder
from ..operations.retiring import Retiring
from ..operations.schema_changes import change_online, is_begun
from ..runs.run import LEDGER, ActiveRun, open_backwards, open_forwards, running
from ..states import Phase, RunStatus, StepKind
from .verify_query import AFTER, BEFORE, VerifyQuery, record_queries, refuse_queries


@dataclass(frozen=True)
class Part:
    """The operations of a migration that one run does: all of them, or those of one phase."""

    phase: Phase | None
    first: int
    beyond: int

    @property
    def positions(self) -> range:
        return range(self.first, self.beyond)


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
    max_batch_size: ClassVar[int | None] = None
    target_batch_seconds: ClassVar[float | None] = None
    shared_batch_seconds: ClassVar[float | None] = None
    pause_seconds: ClassVar[float | None] = None
    pace: ClassVar[str | None] = None
    min_share: ClassVar[float | None] = None
    parallel: ClassVar[int | None] = None
    window: ClassVar[str | None] = None
    outside_window: ClassVar[str | None] = None
    limits: ClassVar[dict[str, float | None] | None] = None
    on_conflict: ClassVar[str | None] = None
    max_failed_share: ClassVar[float | None] = None
    retries: ClassVar[int | None] = None
    lock_timeout_seconds: ClassVar[float | None] = None
    alert_after_seconds: ClassVar[float | None] = None
    verify: ClassVar[Sequence[VerifyQuery]] = ()

    def __init__(self, name: str, app_label: str):
        super().__init__(name, app_label)
        self.operations = retiring(self.operations)  # type: ignore[misc]  # as Django's own __init__ does
        if LEDGER not in self.dependencies:
            self.dependencies = [*self.dependencies, LEDGER]  # type: ignore[misc]  # as Django's own __init__ does

    # Forwards

    def apply(self, project_state: Any, schema_editor: Any, collect_sql: bool = False) -> Any:
        if collect_sql or not self.is_wanted_on(schema_editor.connection.alias):
            return super().apply(project_state, schema_editor, collect_sql)
        self.refuse_before(schema_editor.connection.alias, project_state)
        for part in self.parts():
            project_state = self.apply_part(part, project_state, schema_editor)
        return project_state

    def parts(self) -> list[Part]:
        """Return the parts that are done one after the other, each in a run of its own."""
        return [Part(None, 0, len(self.operations))]

    def refuse_before(self, alias: str, project_state: Any) -> None:
        """Raise whatever speaks against applying this migration to the state before it, before any of it runs."""
        self.refuse_options(alias)
        self.refuse_what_cannot_be_undone()
        self.refuse_what_cannot_be_retired(alias, project_state)

    def apply_part(self, part: Part, project_state: Any, schema_editor: Any) -> Any:
        """Do what is left of ``part``, from the state before it; return the state behind it."""
        run = open_forwards(self.app_label, self.name, schema_editor.connection.alias, self, part.phase)
        if run is None:  # finished before
            return self.state_behind(part, project_state)
        with running(run):
            if part == self.parts()[0]:
                record_queries(run, self, BEFORE)
            for position in part.positions:
                operation = self.operations[position]
                before = project_state.clone()
                operation.state_forwards(self.app_label, project_state)
                with operating(run, position):
                    self._forwards(operation, run, schema_editor, before, project_state)
            if part == self.parts()[-1]:
                record_queries(run, self, AFTER)
            run.set_status(RunStatus.DONE)
        return project_state

    def state_behind(self, part: Part, project_state: Any) -> Any:
        """Bring ``project_state`` behind ``part``, without a look at the database."""
        for position in part.positions:
            self.operations[position].state_forwards(self.app_label, project_state)
        return project_state

    def _forwards(self, operation: Operation, run: ActiveRun, schema_editor: Any, before: Any, after: Any) -> None:
        if isinstance(operation, ReversibleOperation):
            operation.database_forwards(self.app_label, schema_editor, before, after)
            return
        step = run.step(StepKind.OPERATION, operation.describe()[:255])
        if not is_finished(step):
            self.change_schema(operation, run, step, schema_editor, before, after)

    def change_schema(
        self, operation: Operation, run: ActiveRun, step: Step, schema_editor: Any, before: Any, after: Any
    ) -> None:
        """Do an ordinary operation, in the direction of the run: from the state ``before`` to the state ``after``."""
        if is_concurrent(operation) and change_online(run, step, operation, self.app_label, before, after):
            return  # an index that a kill has left half built is found again
        change = operation.database_backwards if run.is_undo else operation.database_forwards
        kept = keeping_what_is_lost(run, step, operation, self.app_label, before, after)
        with CommittedWith(run, step, operation, schema_editor), kept:
            change(self.app_label, schema_editor, before, after)

    def refuse_options(self, alias: str) -> None:
        """Raise ``RefusedOption`` for a class attribute that its setting could not have, or a limit of no gauge."""
        for name, setting in SETTINGS.items():
            value = getattr(self, name.lower(), None) if setting.is_own else None
            fault = None if value is None else setting.fault_of(value) or load_fault_of(name, value)
            if fault:
                raise RefusedOption(
                    str(self), f"{name.lower()} = {value!r}: {fault}.", todo=f"It is: {setting.meaning}."
                )
        refuse_queries(self)
        limits = option(self, "LIMITS")
        fault = gauges_fault(database(alias), limits)
        if fault:
            raise RefusedOption(str(self), f"limits = {limits!r}, with the gauges of the project: {fault}.")

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

    def refuse_what_cannot_be_retired(self, alias: str, project_state: Any) -> None:
        """Raise ``CannotRetire`` for the first operation that removes what new rows cannot do without."""
        if any(isinstance(operation, Retiring) for operation in self.operations):
            state = project_state.clone()
            for operation in self.operations:
                if isinstance(operation, Retiring):
                    operation.refuse(self.app_label, alias, state)
                operation.state_forwards(self.app_label, state)

    # Backwards

    def unapply(self, project_state: Any, schema_editor: Any, collect_sql: bool = False) -> Any:
        if collect_sql or not self.is_wanted_on(schema_editor.connection.alias):
            return super().unapply(project_state, schema_editor, collect_sql)
        if self.irreversible:
            raise IrreversibleError(f"{self} is irreversible: {self.irreversible}. Nothing was undone.")
        alias = schema_editor.connection.alias
        self.refuse_options(alias)
        for undone in runs_to_undo(self.app_label, self.name, alias):
            self.unapply_run(undone, project_state, schema_editor)
        return project_state

    def unapply_run(self, undone: Run, project_state: Any, schema_editor: Any) -> None:
        """Undo one forward run. ``project_state`` is the one before this migration."""
        run = open_backwards(undone, schema_editor.connection.alias, self)
        if run is not None:
            part = next(part for part in self.parts() if part.phase == undone.phase)
            self.undo(run, part, project_state, schema_editor)

    def undo(self, run: ActiveRun, part: Part, project_state: Any, schema_editor: Any) -> None:
        """Undo every operation of ``part``, the last one first."""
        with running(run):
            for position, operation, before, after in self._newest_first(part, project_state):
                with operating(run, position):
                    self._backwards(operation, run, schema_editor, after, before)
            close_undo(run)

    def _newest_first(self, part: Part, project_state: Any) -> Iterator[tuple[int, Operation, Any, Any]]:
        states = [project_state]
        for operation in self.operations:
            after = states[-1].clone()
            operation.state_forwards(self.app_label, after)
            states.append(after)
        for position in reversed(part.positions):
            yield position, self.operations[position], states[position], states[position + 1]

    def _backwards(self, operation: Operation, run: ActiveRun, schema_editor: Any, after: Any, before: Any) -> None:
        if isinstance(operation, ReversibleOperation):
            operation.database_backwards(self.app_label, schema_editor, after, before)
            return
        done = Step.objects.using(run.alias).filter(run=run.record.undoes, operation=run.operation).first()
        if done is None or not (is_finished(done) or is_begun(done)):
            return  # an interrupted run had not come to it
        step = run.step(StepKind.OPERATION, operation.describe()[:255], restores=done)
        if not is_finished(step):
            self.change_schema(operation, run, step, schema_editor, after, before)


def retiring(operations: Sequence[Operation]) -> list[Operation]:
    """Return ``operations`` with those that would drop data replaced by those that take it out of use."""
    found: list[Operation] = []
    for operation in operations:
        if isinstance(operation, SeparateDatabaseAndState):
            operation = copy(operation)
            operation.database_operations = retiring(operation.database_operations)
        elif type(operation) is RemoveField:
            operation = RetireField(operation.model_name, operation.name)
        elif type(operation) is DeleteModel:
            operation = RetireModel(operation.name)
        elif type(operation) is AlterOrderWithRespectTo and not operation.order_with_respect_to:
            operation = RetireOrder(operation.name, None)
        found.append(operation)
    return found


def fault_of(operation: Operation) -> tuple[str, str] | None:
    """Return why ``operation`` cannot be undone and what to write instead, or None if it can."""
    if isinstance(operation, ReversibleOperation):
        return None
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
