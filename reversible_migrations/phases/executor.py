"""
Django's executor, for a plan in phases: what holds of Django's holds of ours.

Ordinary migrations are applied and recorded by Django's own code, each under a run of its own, so that
two deploys cannot apply it at once. A migration in phases is recorded behind its last one.
"""

from collections.abc import Callable, Sequence
from copy import copy
from inspect import signature
from typing import Any

from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import connections
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from ..authoring.naming import migration_named, require_app
from ..authoring.zero_downtime import ZeroDowntimeMigration
from ..databases import database
from ..exceptions import AmbiguousPhase, ConflictingMigrations
from ..runs.run import has_ledger, open_forwards, running
from ..states import Phase, RunStatus
from .at_once import ExecutorAtOnce
from .classify import phase_of
from .ordinary import apply_patiently, close_applied
from .plan import MigrationKey, PhasePlan, PhaseStep, Place, plan
from .project_states import add_partial, phases_done
from .readiness import is_ours
from .rollback import render_real_models

Progress = Callable[..., Any]

# Later than Django 5.2, a migration is recorded by its label and name.
BY_NAME = "app_label" in signature(MigrationExecutor.record_migration).parameters


class PhasedExecutor(ExecutorAtOnce):
    """Plans and applies migrations phase by phase on one database."""

    def __init__(self, alias: str, progress: Progress | None = None):
        super().__init__(connections[alias], progress)
        self.alias = alias
        self.progress: Progress = progress or (lambda *args: None)

    # The plan

    def places(self, targets: Sequence[MigrationKey] | None = None) -> list[Place]:
        """
        Return the migrations that lead to ``targets`` (to all there are), in the order of the graph.

        Raise ``AmbiguousPhase`` for all of them whose phase cannot be told.
        """
        graph = self.loader.graph
        wanted = list(dict.fromkeys(k for t in targets or graph.leaf_nodes() for k in graph.forwards_plan(t)))
        done = phases_done(self.loader, self.alias)
        phases = self._phases({key for key in wanted if key not in self.loader.applied_migrations})
        return [
            Place(
                key=key,
                parents=tuple(sorted(parent.key for parent in graph.node_map[key].parents)),
                phases=phases.get(key, ()),
                done=frozenset(done.get(key, ())),
                is_applied=key in self.loader.applied_migrations,
            )
            for key in wanted
        ]

    def _phases(self, keys: set[MigrationKey]) -> dict[MigrationKey, tuple[Phase, ...]]:
        """Return the phases of the migrations ``keys``; their states are gone through in the order of the graph."""
        begun_apps = {app for app, _ in self.loader.applied_migrations}
        state, found, faults = self._state(with_applied=False), {}, []
        for migration, _ in self.migration_plan(self.loader.graph.leaf_nodes(), clean_start=True):
            key = migration.app_label, migration.name
            if key in keys:
                try:
                    found[key] = self._phases_of(migration, state, is_new=key[0] not in begun_apps)
                except AmbiguousPhase as fault:
                    faults.append(fault)
            migration.mutate_state(state, preserve=False)
        if len(faults) > 1:
            raise AmbiguousPhase(
                "The plan",
                f"has {len(faults)} migrations whose phase cannot be told.",
                todo="\n" + "\n".join(f"- {fault}" for fault in faults),
                faults=faults,
            )
        if faults:
            raise faults[0]
        return found

    def _phases_of(self, migration: Migration, state: Any, is_new: bool) -> tuple[Phase, ...]:
        if isinstance(migration, ZeroDowntimeMigration):
            if not migration.is_wanted_on(self.alias):
                return (Phase.PREPARE,)  # it has nothing to do here
            phases = tuple(part.phase for part in migration.parts() if part.phase)
            return phases or (Phase.PREPARE,)
        if is_new and getattr(migration, "phase", None) is None:
            return (Phase.PREPARE,)  # nobody uses the tables of an app that is not there yet
        return (phase_of(migration, state),)

    def sql_of(self, step: PhaseStep) -> list[str]:
        """Return the SQL of a step as ``sqlmigrate`` would show it; nothing is run."""
        migration = copy(self.loader.graph.nodes[step.key])
        state = self.loader.project_state(step.key, at_end=False)
        if isinstance(migration, ZeroDowntimeMigration):
            for part in migration.parts():
                if part.phase == step.phase:
                    migration.operations = [migration.operations[at] for at in part.positions]  # type: ignore[misc]
                    break
                state = migration.state_behind(part, state)
        with self.connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
            migration.apply(state, editor, collect_sql=True)
        return list(editor.collected_sql)

    # Running it

    def run(
        self,
        places: Sequence[Place],
        up_to: Phase,
        verbosity: int = 1,
        stdout: Any = None,
        fake: bool = False,
        fake_initial: bool = False,
        after_phase: Callable[[Phase, list[PhaseStep]], Any] | None = None,
    ) -> PhasePlan:
        """
        Apply everything that may run up to ``up_to``; return what was done and what waits.

        ``after_phase`` is called behind each phase in which something ran. Interrupted, it goes on when it
        is planned and called again.
        """
        planned = plan(places, up_to)
        self.recorder.ensure_schema()
        if has_ledger(database(self.alias)):
            close_applied(self.loader, self.alias)
        nodes = self.loader.graph.nodes
        told = {"stdout": stdout} if stdout is not None else {}
        whole = [(nodes[key], False) for key in dict.fromkeys(step.key for step in planned.steps)]
        state = self._state(with_applied=True)
        shown = add_partial(state.clone(), self.loader, self.alias)
        emit_pre_migrate_signal(verbosity, False, self.alias, apps=shown.apps, plan=whole, **told)
        for phase in Phase:
            steps = planned.during(phase)
            for step in steps:
                state = self._do(step, state, fake, fake_initial)
            if steps and after_phase is not None:
                after_phase(phase, steps)
        self.check_replacements()
        after = add_partial(state.clone(), self.loader, self.alias)
        render_real_models(after)
        emit_post_migrate_signal(verbosity, False, self.alias, apps=after.apps, plan=whole, **told)
        return planned

    def _do(self, step: PhaseStep, state: Any, fake: bool, fake_initial: bool) -> Any:
        """Do one step; return the state of everything that is applied to its end then."""
        migration = self.loader.graph.nodes[step.key]
        before = add_partial(state.clone(), self.loader, self.alias, without=step.key)
        in_phases = isinstance(migration, ZeroDowntimeMigration) and migration.is_wanted_on(self.alias)
        if in_phases and not fake:
            self._apply_phase(migration, step, before)
        elif not fake or step.is_last:
            self._apply_ordinary(
                migration,
                step.phase,
                fake,
                lambda: self.apply_migration(before.clone(), migration, fake=fake, fake_initial=fake_initial),
            )
        if step.is_last:
            self.loader.applied_migrations[step.key] = migration
            return state if fake else migration.mutate_state(state, preserve=False)  # as Django's own executor does
        return state

    def _apply_phase(self, migration: ZeroDowntimeMigration, step: PhaseStep, state: Any) -> None:
        self.progress("phase_start", migration, step.phase)
        migration.refuse_before(self.alias, state)
        for part in migration.parts():
            if part.phase == step.phase:
                with self.connection.schema_editor(atomic=migration.atomic) as editor:
                    migration.apply_part(part, state, editor)
                break
            state = migration.state_behind(part, state)
        if step.is_last:
            self.record_migration(*([migration.app_label, migration.name] if BY_NAME else [migration]))
        self.progress("phase_success", migration, step.phase)

    def _apply_ordinary(self, migration: Migration, phase: Phase, fake: bool, apply: Callable[[], object]) -> None:
        """Apply an ordinary migration under a run of its own, unless another deploy has just done so."""
        if fake or is_ours(migration) or not has_ledger(database(self.alias)):
            apply()
            return
        run = open_forwards(migration.app_label, migration.name, self.alias, migration, phase)
        if run is not None:
            with running(run):
                apply_patiently(run, migration, apply)
                run.set_status(RunStatus.DONE, recorded=True)

    def record_migration(self, *what: Any, **options: Any) -> None:
        """Record a migration as applied, once: another deploy may just have done so."""
        app_label, name = what[:2] if BY_NAME else (what[0].app_label, what[0].name)
        is_undone = False in (*what[2:], options.get("forward"))
        if is_undone or (app_label, name) not in self.recorder.applied_migrations():
            super().record_migration(*what, **options)

    def _state(self, with_applied: bool) -> Any:
        return self._create_project_state(with_applied_migrations=with_applied)  # type: ignore[attr-defined]

    def refuse_conflicts(self) -> None:
        """Raise what ``migrate`` would raise of a graph with several leaves, or a history that contradicts it."""
        self.loader.check_consistent_history(self.connection)
        conflicts = self.loader.detect_conflicts()
        if conflicts:
            names = "; ".join(f"{', '.join(sorted(names))} in {app}" for app, names in sorted(conflicts.items()))
            raise ConflictingMigrations(
                "The migration graph",
                f"has several leaf nodes: {names}.",
                todo="Merge them with `manage.py makemigrations --merge`.",
            )


def target_keys(loader: MigrationLoader, app: str | None, name: str | None) -> list[MigrationKey] | None:
    """Return the migrations that an app's label and the beginning of a name mean; None for all there are."""
    if app is None:
        return None
    require_app(loader, app)
    if name is not None:
        return [(app, migration_named(loader, app, name).name)]
    return [key for key in loader.graph.leaf_nodes() if key[0] == app]
