"""
Undoing migrations as a whole: everything is checked before anything is undone.

Django knows the migrations that are applied. The ledger also knows those that were begun and never
finished, or finished just before Django could record them: they are undone first.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
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
from ..journal.conflicts import count_conflicts
from ..journal.restore import JOURNALLED
from ..journal.slice_undo import ABORT
from ..models import Run, Step
from ..operations.base import ReversibleOperation, flattened
from ..overview import require_tables
from ..runs.run import latest_run
from ..states import UNFINISHED, RunStatus
from .begun import MigrationKey, begun_migrations
from .readiness import changes_tables, faults_of_plan, is_ours, steps_to_restore

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
            reasons = "1 reason" if len(self.faults) == 1 else f"{len(self.faults)} reasons"
            raise RollbackRefused(
                "The rollback",
                f"cannot be done as a whole, for {reasons}.",
                standing="Nothing was undone.",
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
    present = {*loader.applied_migrations, *begun_migrations(loader, alias)}
    chosen = _chosen(loader, present, alias, app, target, run, steps)
    migrations = [loader.graph.nodes[key] for key in _dependents_first(loader, chosen, present)]
    found = RollbackPlan(alias, faults=faults_of_plan(migrations, db))
    with asked(on_conflict=on_conflict):
        found.undoings = [_undoing(migration, loader, alias) for migration in migrations]
        if not found.faults:
            found.undoings = _counted(found.undoings, db)
            found.faults = _stopped_by(found.undoings)
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
    present: set[MigrationKey],
    alias: str,
    app: str,
    target: str | None,
    run: int | None,
    steps: int,
) -> list[MigrationKey]:
    """Return the migrations that were asked for; those that depend on them are not among them."""
    graph = loader.graph
    if run is not None:
        return [_of_run(loader, alias, app, run)]
    if target == "zero":
        return list(graph.root_nodes(app))
    if target is not None:
        key = (app, migration_named(loader, app, target).name)
        if key not in graph.node_map:
            raise UnknownMigration(".".join(key), "was replaced by a squashed migration.", todo="Name that one.")
        return sorted(child.key for child in graph.node_map[key].children if child.key[0] == app)
    in_order: list[MigrationKey] = []
    for leaf in graph.leaf_nodes(app):
        in_order += [key for key in graph.forwards_plan(leaf) if key[0] == app and key in present]
    return list(dict.fromkeys(in_order))[-steps:]


def _of_run(loader: MigrationLoader, alias: str, app: str, number: int) -> MigrationKey:
    run = Run.objects.using(alias).filter(pk=number, app=app).first()
    if run is None:
        raise UnknownMigration(app, f"has no run {number}.", todo=f"`manage.py migration_status {app}` lists them.")
    if (run.app, run.name) not in loader.graph.nodes:
        raise UnknownMigration(
            run.migration,
            f"(run {number}) has no migration file any more, or was squashed.",
            todo="Bring the file back; undo needs its operations.",
        )
    return run.app, run.name


def _dependents_first(
    loader: MigrationLoader, chosen: Sequence[MigrationKey], present: set[MigrationKey]
) -> list[MigrationKey]:
    found: dict[MigrationKey, None] = {}
    for key in chosen:
        found |= dict.fromkeys(each for each in loader.graph.backwards_plan(key) if each in present)
    return list(found)


# What it meets


def _undoing(migration: Migration, loader: MigrationLoader, alias: str) -> Undoing:
    return Undoing(
        migration=migration,
        is_applied=(migration.app_label, migration.name) in loader.applied_migrations,
        run=latest_run(migration.app_label, migration.name, alias) if is_ours(migration) else None,
        policy=str(option(migration, "ON_CONFLICT")),
        rows=None,
        conflicts=None,
    )


def _counted(undoings: Sequence[Undoing], db: Database) -> list[Undoing]:
    """Return ``undoings`` with their rows and conflicts, up to the first one that changes the shape of tables."""
    steps: list[Step] = []
    for undoing in undoings:
        if changes_tables(undoing.migration):
            break
        if undoing.run is not None and undoing.run.status in (RunStatus.DONE, *UNFINISHED):
            steps += [s for s in steps_to_restore(undoing.run, db.alias) if s.kind in JOURNALLED]
    rows: Counter[int] = Counter()
    conflicts: Counter[int] = Counter()
    for count in count_conflicts(steps, db):
        rows[count.step.run_id] += count.rows
        conflicts[count.step.run_id] += count.conflicts
    counted = {step.run_id for step in steps}
    return [
        replace(u, rows=rows[u.run.pk], conflicts=conflicts[u.run.pk]) if u.run and u.run.pk in counted else u
        for u in undoings
    ]


def _stopped_by(undoings: Sequence[Undoing]) -> list[ReversibleMigrationError]:
    return [
        UndoConflicts(
            undoing.name,
            f"{undoing.conflicts:,} rows were changed since, and on_conflict is 'abort'.",
            todo="Undo with --on-conflict keep (these rows stay as they are) or overwrite.",
            conflicts=undoing.conflicts,
        )
        for undoing in undoings
        if undoing.conflicts and undoing.policy == ABORT
    ]


# Undoing it


def _undo_begun(undoing: Undoing, executor: MigrationExecutor, progress: Progress | None) -> None:
    """Undo what a migration did before it stopped; Django has no record of it that would have to go."""
    connection = executor.connection
    migration = _as_far_as_it_came(undoing, connection.alias)
    applied = [key for key in executor.loader.applied_migrations if key in executor.loader.graph.nodes]
    state = executor.loader.project_state(applied)
    if progress is not None:
        progress("unapply_start", migration)
    with connection.schema_editor(atomic=migration.atomic) as editor:
        migration.unapply(state, editor)
    if progress is not None:
        progress("unapply_success", migration)


def _as_far_as_it_came(undoing: Undoing, alias: str) -> Migration:
    """
    Return the migration without the operations that its run had not come to.

    One of ours knows by itself. Of an ordinary one the ledger knows the recorded operations, so what
    stands behind the last of them that was begun was not done.
    """
    migration = undoing.migration
    if isinstance(migration, ReversibleMigration) or undoing.run is None:
        return migration
    in_order = flattened(migration.operations)
    ours = [place for place, operation in enumerate(in_order) if isinstance(operation, ReversibleOperation)]
    last = max((step.operation for step in undoing.run.steps.using(alias)), default=min(ours))
    shortened, place = copy(migration), 0
    shortened.operations = []  # type: ignore[misc]
    for operation in migration.operations:
        if place <= last:
            shortened.operations.append(operation)
        place += len(flattened([operation]))
    return shortened


def _render_real_models(state: Any) -> None:
    """Give ``state`` the models of apps without migrations in relation to its own, as ``migrate`` does at its end."""
    state.clear_delayed_apps_cache()
    with state.apps.bulk_update():
        keys = [(model.app_label, model.name_lower) for model in state.apps.real_models]
        for key in keys:
            state.apps.unregister_model(*key)
    state.apps.render_multiple([ModelState.from_model(project_apps.get_model(*key)) for key in keys])
