"""
Undoing migrations as a whole: everything is checked before anything is undone.

Django knows the migrations that are applied. The ledger also knows those that were begun and never
finished, or finished just before Django could record them: they are undone first.
"""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

from django.apps import apps as project_apps
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import connections, transaction
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState

from ..authoring.naming import migration_named, require_app
from ..authoring.reversible import ReversibleMigration
from ..authoring.zero_downtime import ZeroDowntimeMigration
from ..conf import asked, option
from ..databases import database
from ..databases.base import Database
from ..exceptions import ReversibleMigrationError, RollbackRefused, UndoConflicts, UnknownMigration
from ..journal.slice_undo import ABORT
from ..models import Run
from ..operations.base import ReversibleOperation, flattened
from ..overview import require_tables
from ..runs.run import latest_runs
from ..states import Phase, RunStatus
from .at_once import ExecutorAtOnce
from .begun import begun_migrations
from .conditions import blocking_undos, reasons_to_wait
from .conflicts import met_by
from .ordinary import close_undone
from .plan import MigrationKey
from .project_states import state_without
from .readiness import faults_of_plan, is_ours, steps_to_restore

Progress = Callable[..., Any]


@dataclass(frozen=True)
class Undoing:
    """
    One migration that will be undone: all its ``runs``, newest first, or those of the phases behind ``to_phase``.

    ``rows`` and ``conflicts`` are None where they cannot be counted before: for an ordinary migration, an
    undo that is under way, and a table that something newer of the same plan still has to bring back to its
    shape. ``notes`` say in words what else is met.
    """

    migration: Migration
    is_applied: bool
    runs: tuple[Run, ...]
    policy: str
    rows: int | None
    conflicts: int | None
    to_phase: Phase | None = None
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return str(self.migration)

    @property
    def key(self) -> MigrationKey:
        return self.migration.app_label, self.migration.name

    @property
    def run(self) -> Run | None:
        """The newest run, by which ``safe_rollback --run`` knows it."""
        return self.runs[0] if self.runs else None


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
    to_phase: Phase | None = None,
    emergency: bool = False,
) -> RollbackPlan:
    """
    Return what undoing would do, with every fault and, where there is none, with the conflicts counted.

    With ``target`` (the beginning of a migration's name, or "zero") all of the app behind it is undone, as
    by ``migrate``; with ``run`` the migration of that run; else the newest ``steps`` migrations of
    the app. With ``to_phase`` the phases behind that one are undone, of ``target`` or of the app's newest migration
    that has phases. Whatever depends on them is undone too. With ``emergency`` nothing that only speaks against
    doing it just now is a fault. Raise ``UnknownMigration`` for a name or run that is
    not there.
    """
    db = database(alias)
    require_tables(db)
    loader = MigrationLoader(connections[alias])
    require_app(loader, app)
    present = {*loader.applied_migrations, *begun_migrations(loader, alias)}
    if to_phase is None:
        chosen = _chosen(loader, present, alias, app, target, run, steps)
    else:
        chosen = [_in_phases(loader, present, app, target)]
    migrations = [loader.graph.nodes[key] for key in _dependents_first(loader, chosen, present)]
    found = RollbackPlan(alias, faults=faults_of_plan(migrations, db, to_phase))
    with asked(on_conflict=on_conflict):
        found.undoings = [_undoing(migration, loader, alias) for migration in migrations]
        if to_phase is not None and found.undoings:
            found.undoings[-1] = _only_behind(found.undoings[-1], to_phase)
        if not found.faults:
            found.undoings = _counted(found.undoings, db)
            found.faults = _stopped_by(found.undoings)
            if not emergency:
                left = [s for u in found.undoings for run in u.runs for s in steps_to_restore(run, alias)]
                found.faults += reasons_to_wait(left, db)
                applied = [key for key in (u.key for u in found.undoings) if key in loader.applied_migrations]
                befores = ((loader.graph.nodes[key], loader.project_state(key, at_end=False)) for key in applied)
                found.faults += blocking_undos(befores, db)
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
    executor = ExecutorAtOnce(connection, progress)
    keys_of_whole = [u.key for u in plan.undoings if u.is_applied and u.to_phase is None]
    nodes = executor.loader.graph.nodes
    applied = [(nodes[key], True) for key in keys_of_whole]
    state = executor.loader.project_state([k for k in executor.loader.applied_migrations if k in nodes])
    told = {"stdout": stdout} if stdout is not None else {}
    with asked(on_conflict=on_conflict):
        emit_pre_migrate_signal(verbosity, False, plan.alias, apps=state.apps, plan=applied, **told)
        for undoing in plan.undoings:
            if not undoing.is_applied and undoing.to_phase is None:
                _undo_begun(undoing, executor, progress)
        after = executor.migrate(sorted(keys_of_whole), plan=applied, state=state.clone())
        for undoing in plan.undoings:
            if undoing.to_phase is not None:
                _undo_phases(undoing, executor, progress)
            elif not is_ours(undoing.migration):
                close_undone(undoing.key, plan.alias)
        render_real_models(after)
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


def _in_phases(loader: MigrationLoader, present: set[MigrationKey], app: str, target: str | None) -> MigrationKey:
    """Return the migration in phases that is named, or the newest one of the app that has begun."""
    if target is not None:
        keys = [(app, migration_named(loader, app, target).name)]
    else:
        keys = [key for leaf in loader.graph.leaf_nodes(app) for key in loader.graph.forwards_plan(leaf)]
    found = [
        key for key in keys
        if key[0] == app and key in present and isinstance(loader.graph.nodes[key], ZeroDowntimeMigration)
    ]  # fmt: skip
    if not found:
        what = (
            "no migration in phases has begun here." if target is None else f"{keys[0][1]} has no phases, or none done."
        )
        raise UnknownMigration(
            app, what, standing="Nothing was undone.", todo="Undo it as a whole, without --to-phase."
        )
    return found[-1]


def _only_behind(undoing: Undoing, phase: Phase) -> Undoing:
    return replace(undoing, to_phase=phase, runs=tuple(run for run in undoing.runs if (run.phase or 0) > phase))


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
        runs=tuple(latest_runs(migration.app_label, migration.name, alias)) if is_ours(migration) else (),
        policy=str(option(migration, "ON_CONFLICT")),
        rows=None,
        conflicts=None,
    )


def _counted(undoings: Sequence[Undoing], db: Database) -> list[Undoing]:
    """Return ``undoings`` with their rows and conflicts, where they can be counted before, and what else is met."""
    met = met_by(((undoing.migration, undoing.runs) for undoing in undoings), db)
    found: list[Undoing] = []
    for undoing in undoings:
        ours = [met[run.pk] for run in undoing.runs if run.pk in met]
        if ours and not any(each.is_partial for each in ours):
            rows, conflicts = sum(each.rows for each in ours), sum(each.conflicts for each in ours)
            undoing = replace(undoing, rows=rows, conflicts=conflicts)
        found.append(replace(undoing, notes=tuple(note for each in ours for note in each.notes)))
    return found


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


def _undo_phases(undoing: Undoing, executor: ExecutorAtOnce, progress: Progress | None) -> None:
    """Undo some phases of a migration; Django's record of it goes first, for it is not applied any more."""
    connection, migration = executor.connection, undoing.migration
    assert isinstance(migration, ZeroDowntimeMigration), "only these have phases"
    if progress is not None:
        progress("unapply_start", migration)
    with transaction.atomic(using=connection.alias):
        for key in [undoing.key, *migration.replaces]:
            executor.recorder.record_unapplied(*key)
        Run.objects.using(connection.alias).filter(app=undoing.key[0], name=undoing.key[1]).update(recorded=False)
    state = state_without(MigrationLoader(connection), connection.alias, undoing.key)
    with connection.schema_editor(atomic=False) as editor:
        for run in undoing.runs:
            if run.status != RunStatus.UNDONE:
                migration.unapply_run(run, state, editor)
    if progress is not None:
        progress("unapply_success", migration)


def _undo_begun(undoing: Undoing, executor: ExecutorAtOnce, progress: Progress | None) -> None:
    """Undo what a migration did before it stopped; Django has no record of it that would have to go."""
    connection = executor.connection
    migration = _as_far_as_it_came(undoing, connection.alias)
    state = state_without(executor.loader, connection.alias, undoing.key)
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


def render_real_models(state: Any) -> None:
    """Give ``state`` the models of apps without migrations in relation to its own, as ``migrate`` does at its end."""
    state.clear_delayed_apps_cache()
    with state.apps.bulk_update():
        keys = [(model.app_label, model.name_lower) for model in state.apps.real_models]
        for key in keys:
            state.apps.unregister_model(*key)
    state.apps.render_multiple([ModelState.from_model(project_apps.get_model(*key)) for key in keys])
