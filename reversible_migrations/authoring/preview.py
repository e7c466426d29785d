"""
What a migration would do to its first rows: it is done to them, read from the journals, and rolled back.

All of it happens in one transaction, ledger and journal tables included, so nothing stays. On
PostgreSQL only the previewed rows are locked, for as long as the preview takes; on SQLite nobody
else can write meanwhile.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connections, transaction
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunPython, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.models.functions import Now

from ..conf import asked
from ..databases import database
from ..databases.base import Database
from ..exceptions import NothingToPreview, ReversibleMigrationError
from ..journal.recording import net_views
from ..journal.step_views import journals_of
from ..journal.views import NET_OF, JournalView
from ..models import JournalTable, Run, Step
from ..operations.base import ReversibleOperation, operating
from ..operations.retiring import Retiring
from ..runs import lease
from ..runs.run import ActiveRun, latest_runs, require_ledger
from ..states import UNFINISHED, Direction, JournalKind, RunStatus, StepKind, StepStatus
from .naming import migration_named
from .reversible import ReversibleMigration

UNRECORDED = "recorded code is not run in a preview; --run-recorded runs it, over all the rows it touches"
PROCESSED = "its own code processes the rows, and nothing is recorded that could be shown"


@dataclass(frozen=True)
class RowPreview:
    """One row; ``before`` is None for a created row, ``after`` for a deleted one."""

    key: dict[str, Any]
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True)
class TablePreview:
    """The rows that one step changes in one table. ``kind`` is "update", "create" or "delete"."""

    table: str
    kind: str
    rows: list[RowPreview]


@dataclass
class StepPreview:
    """One step. ``note`` says why nothing is shown; ``failed`` counts the rows that raise an error, by its type."""

    number: int
    kind: str
    model: str
    note: str = ""
    changed: int = 0
    skipped: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    tables: list[TablePreview] = field(default_factory=list)


@dataclass
class Preview:
    """
    The steps that were reached, and why there are no more: ``error`` is one that `migrate` would meet too.

    ``without`` are the patches before this one that are not applied either, so their changes are missing.
    """

    migration: str
    rows: int
    without: list[str]
    steps: list[StepPreview] = field(default_factory=list)
    stopped: str = ""
    error: str = ""


def preview(alias: str, app: str, name: str, rows: int = 10, run_recorded: bool = False) -> Preview:
    """
    Return what a migration would do to the first ``rows`` rows of each of its steps, and change nothing.

    The migration is the one of ``app`` whose name begins with ``name``. A step sees what the steps
    before it did to their own first rows. Of an interrupted migration, what is left is previewed.
    Raise ``UnknownMigration``, or ``NothingToPreview`` if it is applied already or its tables are not there yet.
    """
    db = database(alias)
    loader = MigrationLoader(connections[alias])
    migration = migration_named(loader, app, name)
    where = f"{app}.{migration.name}"
    require_ledger(db, where)
    without = _missing_patches(loader, migration)
    state = loader.project_state((app, migration.name), at_end=False)
    begun = [run for run in latest_runs(app, migration.name, alias) if run.status in (RunStatus.DONE, *UNFINISHED)]
    found = Preview(where, rows, without)
    with asked(max_failed_share=1.0, pause_seconds=0.0), _rolled_back(db):
        run = PreviewRun(db, migration, begun, rows, run_recorded, found)
        try:
            run.through_the_operations(state)
        except EndOfPreview as end:
            found.stopped = str(end)
        except ReversibleMigrationError as error:
            found.error = str(error)
        except Exception as error:
            found.error = f"{where}: the migration's own code raised {type(error).__name__}: {error}"
    return found


def _missing_patches(loader: MigrationLoader, migration: Migration) -> list[str]:
    """Return the unapplied patches before ``migration``; raise ``NothingToPreview`` where one changes tables."""
    key = (migration.app_label, migration.name)
    if key in loader.applied_migrations:
        raise NothingToPreview(str(migration), "is applied already.", todo="Preview one that is not.")
    missing = [k for k in loader.graph.forwards_plan(key) if k not in loader.applied_migrations and k != key]
    for before in missing:
        operations = loader.graph.nodes[before].operations
        if any(changes_the_database(o) and not isinstance(o, ReversibleOperation) for o in operations):
            name = ".".join(before)
            raise NothingToPreview(
                str(migration),
                f"builds on {name}, which changes tables and is not applied.",
                todo=f"Run `manage.py migrate {' '.join(before)}` first.",
            )
    return [".".join(before) for before in missing]


@contextmanager
def _rolled_back(db: Database) -> Iterator[None]:
    with transaction.atomic(using=db.alias):
        try:
            yield
        finally:
            transaction.set_rollback(True, using=db.alias)


class EndOfPreview(BaseException):
    """What follows cannot be previewed. No ``Exception``: a patch's own code must not catch it."""


class PreviewRun(ActiveRun):
    """A run of its own, beside any that is open; its steps end behind their first rows."""

    def __init__(
        self, db: Database, migration: Migration, begun: list[Run], rows: int, run_recorded: bool, found: Preview
    ):
        record = Run.objects.using(db.alias).create(
            app=migration.app_label, name=migration.name, direction=Direction.FORWARDS, heartbeat=Now(),
            started_at=Now(), owner=lease.this_process(),
        )  # fmt: skip
        super().__init__(record, db, migration)
        self.migration, self.first_rows, self.run_recorded, self.found = migration, rows, run_recorded, found
        self.begun = begun
        self.shown: dict[int, StepPreview] = {}

    def through_the_operations(self, state: Any) -> None:
        editor = connections[self.alias].schema_editor(atomic=False)
        editor.deferred_sql = []
        for position, operation in enumerate(self.migration.operations):
            before = state.clone()
            operation.state_forwards(self.migration.app_label, state)
            with operating(self, position):
                if isinstance(operation, ReversibleOperation) and not isinstance(operation, Retiring):
                    operation.database_forwards(self.migration.app_label, editor, before, state)
                elif changes_the_database(operation) and not self._is_done():
                    raise EndOfPreview(self._why_not(position, operation))

    def _why_not(self, position: int, operation: Operation) -> str:
        """Return why what comes from ``operation`` on cannot be previewed, and of data behind it what to do first."""
        why = f"a preview does not run this operation: {operation.describe()}"
        parts = self.migration.parts() if isinstance(self.migration, ReversibleMigration) else []
        phase = next((part.phase for part in parts if position in part.positions), None)
        left = self.migration.operations[position + 1 :]
        if phase is None or not any(
            isinstance(each, ReversibleOperation) and not isinstance(each, Retiring) for each in left
        ):
            return why
        app, name = self.migration.app_label, self.migration.name
        return f"{why}. For what is behind it, run `manage.py migrate_phased {app} {name} --phase {phase.label}` first"

    def finish_step(self, step: Step, **facts: Any) -> None:
        super().finish_step(step, **facts)
        self._show(step)

    def step(self, kind: StepKind, model: str = "", digest: str = "", restores: Step | None = None) -> Step:
        done = self._done_before(self.ordinal + 1)
        if done is not None and done.status == StepStatus.DONE and done.kind == kind:
            self.ordinal += 1
            self.found.steps.append(
                StepPreview(len(self.found.steps) + 1, kind, model, f"done by run {done.run_id} already")
            )
            return done
        step = super().step(kind, model, digest, restores)
        self.shown[step.pk] = StepPreview(len(self.found.steps) + 1, kind, model)
        self.found.steps.append(self.shown[step.pk])
        if kind == StepKind.PROCESS or (kind == StepKind.RECORD and not self.run_recorded):
            self.shown[step.pk].note = PROCESSED if kind == StepKind.PROCESS else UNRECORDED
            self.finish_step(step)
        return step

    def first_key(self, step: Step) -> Any:
        done = self._done_before(step.ordinal)
        left = self.ranges(done).exclude(status=StepStatus.DONE).first() if done is not None else None
        return left.checkpoint if left is not None else None

    def _is_done(self) -> bool:
        done = self._done_before(1)
        return done is not None and done.status == StepStatus.DONE

    def _done_before(self, ordinal: int) -> Step | None:
        steps = Step.objects.using(self.alias).filter(run__in=[run.pk for run in self.begun])
        return steps.filter(operation=self.operation, ordinal=ordinal).first()

    def _show(self, step: Step) -> None:
        shown = self.shown[step.pk]
        if shown.note:
            return
        shown.changed, shown.skipped = step.rows_done, step.rows_skipped
        for row in step.quarantined.using(self.alias):
            shown.failed[row.error_type] = shown.failed.get(row.error_type, 0) + 1
        for journal in journals_of(step, self.alias):
            shown.tables += table_previews(self.db, journal, self.found.rows)


def changes_the_database(operation: Operation) -> bool:
    if isinstance(operation, SeparateDatabaseAndState):
        return bool(operation.database_operations)
    return not (isinstance(operation, RunPython) and operation.code is RunPython.noop)


def table_previews(db: Database, journal: JournalTable, rows: int) -> list[TablePreview]:
    """Return the first so many rows of a journal, as they were and as they became."""
    if journal.kind != JournalKind.RECORD:
        views: Sequence[JournalView] = [JournalView(db, journal)]
    else:
        views = net_views(db, journal)
    found = [TablePreview(journal.target.strip('"'), view.kind, _rows(view, rows)) for view in views]
    return [table for table in found if table.rows]


def _rows(view: JournalView, rows: int) -> list[RowPreview]:
    before = view.before if view.kind != JournalKind.CREATE else []
    after = view.after if view.kind != JournalKind.DELETE else []
    net = f" WHERE net = '{NET_OF[view.kind]}'" if view.record.kind == JournalKind.RECORD else ""
    found = view.db.rows(
        f"SELECT {', '.join([*view.key_images, *before, *after])} FROM {view.table}{net}"
        f" ORDER BY {', '.join(view.key_images)} LIMIT {int(rows)}"
    )
    keys, middle = len(view.key_images), len(view.key_images) + len(before)
    return [
        RowPreview(
            dict(zip(view.record.keys, row[:keys], strict=True)),
            dict(zip(view.names, row[keys:middle], strict=True)) if before else None,
            dict(zip(view.names, row[middle:], strict=True)) if after else None,
        )
        for row in found
    ]
