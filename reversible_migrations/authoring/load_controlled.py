"""Load-controlled work with a reverse of its own."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from ..exceptions import Irreversible
from ..operations.base import ReversibleOperation
from ..operations.process_rows import process_rows
from ..runs.run import ActiveRun
from .reversible import ReversibleMigration
from .written_steps import WrittenSteps


class Batches:
    """What ``forwards`` and ``backwards`` get: rows are processed through it."""

    def __init__(self, run: ActiveRun):
        self._run = run
        self.using = run.alias

    def process(self, queryset: QuerySet[Any], function: Callable[[list[Any]], Any]) -> int:
        """
        Call ``function`` with lists of rows, in key order, one transaction each; return how many rows.

        ``batch_size`` (rows) and ``pause_seconds`` set the pace. After a crash, finished batches are
        not called again. A batch that raises is tried again in halves, down to the row.
        """
        return process_rows(self._run, queryset, function)


class LoadControlledMigration(ReversibleMigration):
    """
    A migration that works through rows in batches, forwards and backwards, by its own code.

        class Migration(LoadControlledMigration):
            def forwards(self, apps, batches):
                batches.process(Order.objects.filter(total=None), recompute_totals)

            def backwards(self, apps, batches): ...

    ``forwards`` runs after ``operations``. Without ``backwards`` the migration is refused, unless
    ``irreversible`` gives the reason.
    """

    elidable = False

    def __init__(self, name: str, app_label: str):
        super().__init__(name, app_label)
        self.operations = [*self.operations, self.written_steps()]  # type: ignore[misc]  # as Django's own __init__

    def written_steps(self) -> ReversibleOperation:
        return WrittenSteps(self, self.run_forwards, self.run_backwards, self.elidable, "forwards() and backwards()")

    def run_forwards(self, run: ActiveRun, apps: Any, schema_editor: Any) -> None:
        self.forwards(apps, Batches(run))

    def run_backwards(self, run: ActiveRun, apps: Any, schema_editor: Any) -> None:
        self.backwards(apps, Batches(run))

    def forwards(self, apps: Any, batches: Batches) -> None:
        raise NotImplementedError(f"{self} has no `forwards(self, apps, batches)`.")

    def backwards(self, apps: Any, batches: Batches) -> None:
        raise Irreversible(str(self), "has no `backwards(self, apps, batches)`.", todo="Write it.")

    def refuse_what_cannot_be_undone(self) -> None:
        super().refuse_what_cannot_be_undone()
        if not self.irreversible and not self.has_reverse():
            raise Irreversible(
                str(self),
                "has `forwards` but no `backwards`.",
                todo='Write `backwards(self, apps, batches)`, use ReversibleDataPatch, or state irreversible = "why".',
            )

    def has_reverse(self) -> bool:
        return type(self).backwards is not LoadControlledMigration.backwards
