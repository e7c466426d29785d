"""The migration in four phases, which may be days apart and in processes of their own."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django.db.migrations.operations.base import Operation

from ..conf import setting
from ..databases import database
from ..exceptions import PhasesMisused, PhasesRequired
from ..operations.base import ReversibleOperation
from ..runs.run import ActiveRun, has_ledger, latest_run
from ..states import Phase, RunStatus
from .patch import Patch
from .reversible import Part, retiring
from .schema import SchemaMigration
from .written_steps import WrittenSteps

PhaseOperations = list[Operation] | Callable[..., Any]


class ZeroDowntimeMigration(SchemaMigration):
    """
    A migration in four phases, between which old and new code may run side by side.

        class Migration(ZeroDowntimeMigration):
            dependencies = [("users", "0006_user_email")]

            prepare = [AddField("user", "full_name", CharField(max_length=200, null=True))]

            def migrate_data(self, apps, patch):
                User = apps.get_model("users", "User")
                patch.update(User.objects.filter(full_name=None), full_name=Concat("first_name", "last_name"))

            switch = [AlterField("user", "full_name", CharField(max_length=200))]
            cleanup = [RemoveField("user", "first_name")]

    A phase is a list of operations or a method ``(self, apps, patch)`` as in a ``ReversibleDataPatch``;
    it may be left out. ``manage.py migrate_phased --phase N`` runs them one by one; plain ``migrate``
    runs what is left of them in one go. Django records the migration as applied when the last one
    is done, and what depends on it waits until then.
    """

    prepare: ClassVar[PhaseOperations] = []
    migrate_data: ClassVar[PhaseOperations] = []
    switch: ClassVar[PhaseOperations] = []
    cleanup: ClassVar[PhaseOperations] = []
    elidable: ClassVar[bool] = False

    def __init__(self, name: str, app_label: str):
        super().__init__(name, app_label)
        if self.operations:
            raise PhasesMisused(
                str(self),
                "has `operations` beside its phases.",
                todo="Move them into `prepare`, `migrate_data`, `switch` or `cleanup`.",
            )
        self._parts: list[Part] = []
        operations: list[Operation] = []
        for phase in Phase:
            added = self._operations_of(phase)
            if added:
                self._parts.append(Part(phase, len(operations), len(operations) + len(added)))
            operations += added
        self.operations = operations  # type: ignore[misc]  # as Django's own __init__ does

    def parts(self) -> list[Part]:
        """Return the phases that have operations, in their order."""
        return self._parts

    def part_of(self, phase: Phase) -> Part:
        return next(part for part in self._parts if part.phase == phase)

    def _operations_of(self, phase: Phase) -> list[Operation]:
        given: Any = getattr(self, phase.label)
        return [self._written(phase)] if callable(given) else retiring(given)

    def _written(self, phase: Phase) -> ReversibleOperation:
        call = partial(self._call, phase)
        return WrittenSteps(self, call, None, self.elidable, f"{phase.label}()")

    def _call(self, phase: Phase, run: ActiveRun, apps: Any, schema_editor: Any) -> None:
        getattr(self, phase.label)(apps, Patch(run, apps))

    def apply(self, project_state: Any, schema_editor: Any, collect_sql: bool = False) -> Any:
        alias = schema_editor.connection.alias
        if not collect_sql and setting("REQUIRE_PHASED") and self.is_wanted_on(alias):
            self.refuse_in_one_go(project_state, alias)
        return super().apply(project_state, schema_editor, collect_sql)

    def refuse_in_one_go(self, project_state: Any, alias: str) -> None:
        """Raise ``PhasesRequired`` if phases behind ``prepare`` are left, and this app has rows on the database."""
        left = [part.phase for part in self._parts if part.phase and part.phase != Phase.PREPARE]
        left = [phase for phase in left if not self._is_done(phase, alias)]
        if left and has_rows(project_state, self.app_label, alias):
            labels = [phase.label for phase in left]
            raise PhasesRequired(
                str(self),
                f"has phases that plain `migrate` may not run here: {', '.join(labels)} (REQUIRE_PHASED is set).",
                standing="Nothing of it was run.",
                todo=f"Run `manage.py migrate_phased --phase prepare`, deploy, and go on with `--phase {labels[0]}`.",
            )

    def _is_done(self, phase: Phase, alias: str) -> bool:
        db = database(alias)
        run = latest_run(self.app_label, self.name, alias, phase) if has_ledger(db) else None
        return run is not None and run.status == RunStatus.DONE


def has_rows(project_state: Any, app_label: str, alias: str) -> bool:
    """Return whether any table of the app, as ``project_state`` has it, holds a row."""
    db = database(alias)
    for label, name in project_state.models:
        if label == app_label:
            options = project_state.apps.get_model(label, name)._meta
            table = db.quote(options.db_table)
            if options.managed and not options.proxy and db.has_table(table) and db.has_rows(table):
                return True
    return False
