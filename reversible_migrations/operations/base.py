"""
What the reversible operations share: which run they belong to, and how a step of theirs is undone.

Django does not tell an operation the name of its migration. Our base classes hand the run over;
inside an ordinary migration the operation finds itself among the loaded migrations of its app.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import router, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.models import Model

from ..databases import database
from ..exceptions import Irreversible, MissingJournal, StepFailed
from ..journal.recording import close_interrupted
from ..journal.restore import refuse_missing
from ..models import Run, Step
from ..runs.run import ActiveRun, latest_runs, open_backwards, open_forwards, running, set_status
from ..states import Direction, RunStatus, StepKind, StepStatus
from .undo import restore_step

ACTIVE: dict[str, ActiveRun] = {}  # by database alias: the run whose operations are being done in this process

# By alias, app, migration and direction: the run that an ordinary migration has open between two operations.
LEFT_OPEN: dict[tuple[str, str, str, Direction], ActiveRun] = {}


def still_open(place: tuple[str, str, str, Direction], owner: object) -> ActiveRun | None:
    """Return the run that the operation before left open in this process, unless it was rolled back or taken over."""
    run = LEFT_OPEN.pop(place, None)
    if run is None:
        return None
    record = run.record
    ours = Run.objects.using(run.alias).filter(pk=record.pk, token=record.token, status=RunStatus.RUNNING)
    run.owner = owner
    return run if ours.exists() else None


@contextmanager
def operating(run: ActiveRun, position: int) -> Iterator[ActiveRun]:
    """Hand ``run`` over to the operation at ``position`` of its migration."""
    run.begin_operation(position)
    before = ACTIVE.get(run.alias)
    ACTIVE[run.alias] = run
    try:
        yield run
    finally:
        ACTIVE.pop(run.alias)
        if before is not None:
            ACTIVE[run.alias] = before


class ReversibleOperation(Operation):
    """
    An operation whose changes are recorded while it runs forwards, and put back from the record.

    Subclasses implement ``forwards``. Options such as ``on_conflict`` are class attributes of the
    migration where it is one of ours; in an ordinary migration the project's settings hold.
    """

    reversible = True
    hints: dict[str, Any] = {}  # for the database routers, as RunPython has them
    reduces_to_sql = False
    atomic = False

    def forwards(self, run: ActiveRun, apps: Any, schema_editor: Any, app_label: str) -> None:
        raise NotImplementedError

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Rows change, models do not."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        alias = schema_editor.connection.alias
        if not router.allow_migrate(alias, app_label, **self.hints) or self._only_shown(schema_editor):
            return
        with self._engaged(app_label, alias) as run:
            if run is not None:
                with run.db.checking_references():
                    close_interrupted_steps(run)
                    self.forwards(run, from_state.apps, schema_editor, app_label)
                    run.end_operation()

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        alias = schema_editor.connection.alias
        if not router.allow_migrate(alias, app_label, **self.hints) or self._only_shown(schema_editor):
            return
        with self._engaged_backwards(app_label, alias) as run:
            if run is not None:
                undo_operation(run, run.operation)

    def _only_shown(self, schema_editor: Any) -> bool:
        """Return whether ``sqlmigrate`` asks, from inside a ``SeparateDatabaseAndState``: nothing runs then."""
        if schema_editor.collect_sql:
            schema_editor.collected_sql.append(f"-- {self.describe()}")
        return bool(schema_editor.collect_sql)

    @contextmanager
    def _engaged(self, app_label: str, alias: str) -> Iterator[ActiveRun | None]:
        if alias in ACTIVE:
            yield ACTIVE[alias]
            return
        name, position, others = self.place(app_label)
        place = (alias, app_label, name, Direction.FORWARDS)
        run = still_open(place, self) or open_forwards(app_label, name, alias, self)
        if run is None:
            yield None
            return
        with running(run), operating(run, position):
            yield run
            if position == max(others):
                run.set_status(RunStatus.DONE)
            else:
                LEFT_OPEN[place] = run

    @contextmanager
    def _engaged_backwards(self, app_label: str, alias: str) -> Iterator[ActiveRun | None]:
        if alias in ACTIVE:
            yield ACTIVE[alias]
            return
        name, position, others = self.place(app_label)
        place = (alias, app_label, name, Direction.BACKWARDS)
        run = still_open(place, self)
        if run is None:
            undone = runs_to_undo(app_label, name, alias)
            run = open_backwards(undone[0], alias, self) if undone else None
        if run is None:
            yield None
            return
        with running(run), operating(run, position):
            yield run
            if position == min(others):
                close_undo(run)
            else:
                LEFT_OPEN[place] = run

    def place(self, app_label: str) -> tuple[str, int, list[int]]:
        """
        Return the name of the ordinary migration this operation is in, its position among the
        migration's operations (nested ones included), and the positions of all reversible ones.
        """
        package, _ = MigrationLoader.migrations_module(app_label)
        for module_name, module in list(sys.modules.items()):
            if not package or not module_name.startswith(f"{package}."):
                continue
            operations = flattened(getattr(getattr(module, "Migration", None), "operations", ()))
            if any(operation is self for operation in operations):
                ours = [i for i, operation in enumerate(operations) if isinstance(operation, ReversibleOperation)]
                position = next(i for i, operation in enumerate(operations) if operation is self)
                return module_name.rpartition(".")[2], position, ours
        raise StepFailed(
            f"{app_label}: {self.describe()}",
            "is in no migration of this app that is loaded, so its rollback data would have no name.",
            todo="Write it into the `operations` list of a migration, or use ReversibleMigration as the base class.",
        )


def close_interrupted_steps(run: ActiveRun) -> None:
    """Close the steps of the operation in hand that a crash hit behind their last commit."""
    for step in run.steps().filter(operation=run.operation, status=StepStatus.DONE, journals__rows=0).distinct():
        close_interrupted(run, step)


def flattened(operations: Sequence[Operation]) -> list[Operation]:
    """Return the operations with those inside ``SeparateDatabaseAndState`` in their places."""
    found: list[Operation] = []
    for operation in operations:
        found.append(operation)
        found += flattened(getattr(operation, "database_operations", None) or ())
    return found


def runs_to_undo(app: str, name: str, alias: str) -> list[Run]:
    """
    Return the forward runs that undoing a migration has to undo, newest first; none if it is undone already.

    They are several where it ran in phases. Raise ``MissingJournal`` if this app never ran the migration
    here, or if rollback data of one of their steps is gone: before the newest step is undone.
    """
    runs = latest_runs(app, name, alias)
    if not runs:
        raise MissingJournal(
            f"{app}.{name}",
            f"was not run by reversible_migrations on the database {alias!r} (faked, squashed, or applied before), "
            "so there is no rollback data.",
            todo=f"Put its rows back by hand, then mark it with `manage.py migrate {app} <the one before> --fake`.",
        )
    runs = [run for run in runs if run.status != RunStatus.UNDONE]
    for run in runs:
        refuse_missing(run, database(alias))
    return runs


def undo_operation(run: ActiveRun, position: int) -> None:
    """Undo the steps of one operation, newest first; those that are undone already are passed over."""
    steps = Step.objects.using(run.alias).filter(run=run.record.undoes, operation=position)
    with run.db.checking_references():
        for forward in steps.order_by("-number"):
            if forward.kind == StepKind.PROCESS:
                raise irreversible(run, forward)
            if forward.kind not in (StepKind.OPERATION, StepKind.RETIRE):
                restore_step(run, forward)


def irreversible(run: ActiveRun, step: Step) -> Irreversible:
    return Irreversible(
        f"{run}, {step}", "has no recorded reverse.", todo="Write `backwards`, or use a ReversibleDataPatch."
    )


def close_undo(run: ActiveRun) -> None:
    """End an undo run, and with it the run that it undid."""
    undone = run.record.undoes
    assert undone is not None, "only a run that undoes another one is closed so"
    undone.refresh_from_db(using=run.alias)
    with transaction.atomic(using=run.alias):  # of an undone run with an open undo nobody would take up the undo
        if undone.status == RunStatus.UNDOING:
            set_status(undone, RunStatus.UNDONE, run.alias)
        run.set_status(RunStatus.DONE)


def model_of(reference: str | type[Model], apps: Any, app_label: str) -> Any:
    """Return the historical model that ``"Medicine"``, ``"stock.Medicine"`` or a model class names."""
    if not isinstance(reference, str):
        reference = reference._meta.label
    label, _, name = reference.rpartition(".")
    return apps.get_model(label or app_label, name)


def may_migrate(alias: str, model: type[Model]) -> bool:
    """Return whether the routers let ``model`` live on the database ``alias``."""
    return bool(router.allow_migrate_model(alias, model))
