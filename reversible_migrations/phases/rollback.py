"""
Undoing migrations as a whole: everything is checked before anything is undone.

Django knows the migrations that are applied. The ledger also knows those that were begun and never
finished, or finished just before Django could record them: they are undone first.
"""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps as project_apps
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import connections
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState

from ..authoring.naming import migration_named, require_app
from ..authoring.reversible import ReversibleMigration
from ..conf import asked, option
from ..databases import database
from ..databases.base import Database
from ..exceptions import ReversibleMigrationError, RollbackRefused, UndoConflicts, UnknownMigration
from ..journal.restore import JOURNALLED, count_conflicts
from ..journal.slices import ABORT
from ..models import Run, Step
from ..operations.base import ReversibleOperation, flattened
from ..overview import require_tables
from ..runs.run import latest_run
from ..states import StepKind
from .begun import begun_migrations
from .readiness import MigrationKey, faults_of_plan, is_ours, restored_steps, shape_may_come_back

Progress = Callable[..., Any]


@dataclass(frozen=True)
class Undoing:
    """
    One migration that will be undone. ``rows`` and ``conflicts`` are None where they cannot be counted before.

    That is so for an ordinary migration, an undo that is under way, and a table that a newer migration
    of the same plan still has to bring back to its shape.
    """

    migration: Migration
    is_applied: bool
    run: Run | None
    policy: str
    rows: int | None
    conflicts: int | None

    @property
    def name(self) -> str:
        return str(self.migration)


@dataclass
class RollbackPlan:
    """What will be undone, in that order, and why it cannot be: with ``faults`` nothing is begun."""

    alias: str
    undoings: list[Undoing] = field(default_factory=list)
    faults: list[ReversibleMigrationError] = field(default_factory=list)

    @property
    def conflicts(self) -> int:
        return sum(undoing.conflicts or 0 for undoing in self.undoings)

    def refuse_faults(self) -> None:
        """Raise ``RollbackRefused`` with every fault that was found, if there is one."""
        if self.faults:
            raise RollbackRefused(
                "The rollback is refused",
                f"({len(self.faults)} {'reason' if len(self.faults) == 1 else 'reasons'}).",
                todo="\n" + "\n".join(f"- {fault}" for fault in self.faults),
                faults=self.faults,
            )


def plan_rollback(
    alias: str,
    app: str,
    target: str | None = None,
    run: int | None = None,
    steps: int = 1,
    on_conflict: str | None = None,
) -> RollbackPlan:
    """
    Return what undoing would do, with every fault and, where there is none, with the conflicts counted.

    With ``target`` (the beginning of a migration's name, or "zero") all of the app behind it is undone, as
    by ``migrate``; with ``run`` the migration of that run; else the newest ``steps`` migrations of
    the app. Whatever depends on them is undone too. Raise ``UnknownMigration`` for a name or run that is not there.
    """
    db = database(alias)
    require_tables(db)
    loader = MigrationLoader(connections[alias])
    require_app(loader, app)
    begun = begun_migrations(loader, alias)
    chosen = _chosen(loader, begun, alias, app, target, run, steps)
    ordered = _dependents_first(loader, chosen, {*loader.applied_migrations, *begun})
    migrations = [loader.graph.nodes[key] for key in ordered]
    found = RollbackPlan(alias, faults=faults_of_plan(migrations, loader, db))
    with asked(on_conflict=on_conflict):
        found.undoings = [_undoing(m, loader, db) for m in migrations]
        if not found.faults:
            found.undoings = _counted(found.undoings, db)
            found.faults = [_stopped_by(undoing) for undoing in found.undoings if _must_stop(undoing)]
    return found


def roll_back(
    plan: RollbackPlan,
    on_conflict: str | None = None,
    progress: Progress | None = None,
    verbosity: int = 1,
    stdout: Any = None,
) -> None:
    """
    Undo what ``plan`` says: begun migrations first, then the applied ones by Django's own executor.

    ``progress`` is told "unapply_start" and "unapply_success" with each migration. Raise ``RollbackRefused``
    if the plan has faults. Interrupted, it goes on when it is planned and called again.
    """
    plan.refuse_faults()
    connection = connections[plan.alias]
    executor = MigrationExecutor(connection, progress)
    keys = {(u.migration.app_label, u.migration.name) for u in plan.undoings if u.is_applied}
    nodes = executor.loader.graph.nodes
    applied = [(nodes[(u.migration.app_label, u.migration.name)], True) for u in plan.undoings if u.is_applied]
    state = executor.loader.project_state([k for k in executor.loader.applied_migrations if k in nodes])
    told = {"stdout": stdout} if stdout is not None else {}
    with asked(on_conflict=on_conflict):
        emit_pre_migrate_signal(verbosity, False, plan.alias, apps=state.apps, plan=applied, **told)
        for undoing in plan.undoings:
            if not undoing.is_applied:
                _undo_begun(undoing, executor, progress)
        after = executor.migrate(sorted(keys), plan=applied, state=state.clone())
        _render_real_models(after)
        emit_post_migrate_signal(verbosity, False, plan.alias, apps=after.apps, plan=applied, **told)


# What is undone


def _chosen(
    loader: MigrationLoader,
    begun: dict[MigrationKey, Run],
    alias: str,
    app: str,
    target: str | None,
    run: int | None,
    steps: int,
) -> list[MigrationKey]:
    present = {*loader.applied_migrations, *begun}
    if run is not None:
        return [_of_run(loader, alias, app, run, present)]
    if target is None:
        mine = [k for k in loader.graph.iterative_dfs_order(app) if k in present] if False else []
        return mine or _newest(loader, app, present, steps)
    if target == "zero":
        return [key for key in loader.graph.root_nodes(app) if key in present]
    migration = migration_named(loader, app, target)
    key = (app, migration.name)
    return [child.key for child in loader.graph.node_map[key].children if child.key[0] == app and child.key in present]
