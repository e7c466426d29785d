"""Schema changes that keep the site up."""

from typing import Any, ClassVar

from django.db.migrations.operations.base import Operation

from ..databases import database
from ..exceptions import CannotBeOnline
from ..models import Step
from ..operations.lossy_changes import is_kept
from ..operations.schema_changes import can_be_planned, change_online, is_mixed
from ..runs.run import ActiveRun
from .reversible import ReversibleMigration

# By the beginning of what cannot be done online: what to write instead.
RECIPES = {
    "renames the column": "Add a new column, fill it with UpdateRows, let the code use it, then remove the old one",
    "renames the table": "Keep its name with `db_table` in the model's Meta",
    "changes the type": "Add a column of the new type, fill it with UpdateRows, then remove the old one",
    "has no value": "Give the field a default, or let it be NULL and fill it with UpdateRows",
    "stores": "Add an ordinary column that may be NULL, let the code fill it, and the rows that are there UpdateRows",
    "gives all rows": "Add it with null=True, fill it with TransformRows, and make it unique in a migration behind",
    "has a default": "Give the field a db_default, or add it with null=True and fill it with TransformRows",
    "gives each row": "Add it with null=True, state its db_default in an operation behind, and fill it with UpdateRows",
    "rewrites": "Add a column of the new kind that may be NULL, fill it with UpdateRows, then remove the old one",
    "builds": "PostgreSQL has no way to do it beside others: make a new model with it, and copy the rows",
    "changes the primary key": "Make a new model, copy the rows, and remove the old one",
    "holds changes of tables": "Put each of them into a SeparateDatabaseAndState of its own",
}


class SchemaMigration(ReversibleMigration):
    """
    A migration whose ordinary operations are done online, on a database that has a way to.

    On PostgreSQL indexes are built concurrently, constraints and foreign keys added unvalidated and then
    validated, NOT NULL set by a validated check, and locks asked for with short timeouts, again and again.
    What would rewrite or scan a table under an exclusive lock is refused before anything runs, unless
    ``blocking = "reason"`` says that it is meant. SQLite does the same migrations in its own way.
    """

    blocking: ClassVar[str] = ""
    lock_tries: ClassVar[int | None] = None

    def change_schema(
        self, operation: Operation, run: ActiveRun, step: Step, schema_editor: Any, before: Any, after: Any
    ) -> None:
        # What is stated to block, and loses values, is one transaction with what it loses.
        at_once = (self.blocking or run.is_undo) and is_kept(run, step, operation, self.app_label, before, after)
        if at_once or not self._is_done_online(operation, run, step, before, after):
            super().change_schema(operation, run, step, schema_editor, before, after)

    def _is_done_online(self, operation: Operation, run: ActiveRun, step: Step, before: Any, after: Any) -> bool:
        return can_be_planned(operation, run.db) and change_online(run, step, operation, self.app_label, before, after)

    def refuse_before(self, alias: str, project_state: Any) -> None:
        super().refuse_before(alias, project_state)
        if not self.blocking:
            self.refuse_what_blocks(alias, project_state)

    def refuse_what_blocks(self, alias: str, project_state: Any) -> None:
        """Raise ``CannotBeOnline`` for the first operation that would block a table with rows."""
        db, state = database(alias), project_state.clone()
        for number, operation in enumerate(self.operations, start=1):
            after = state.clone()
            operation.state_forwards(self.app_label, after)
            if db.has_lock_timeouts and is_mixed(operation, db):
                raise self._cannot_be_online(number, operation, "holds changes of tables together with other things")
            plan = (
                db.plan_schema_change(operation, self.app_label, state, after, False)
                if can_be_planned(operation, db)
                else None
            )
            if plan is not None and plan.faults:
                raise self._cannot_be_online(number, operation, plan.faults[0])
            state = after

    def _cannot_be_online(self, number: int, operation: Operation, fault: str) -> CannotBeOnline:
        recipe = next((todo for words, todo in RECIPES.items() if fault.startswith(words)), "Do it in steps")
        return CannotBeOnline(
            str(self),
            f"operation {number} ({operation.describe()}) {fault}.",
            todo=f'{recipe}; or state blocking = "why" in the migration, and it is done as Django does it.',
            operation=number,
        )
