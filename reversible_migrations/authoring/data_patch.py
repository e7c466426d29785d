"""The data patch without a reverse: it is recorded."""

from typing import Any

from ..operations.base import ReversibleOperation
from ..runs.run import ActiveRun
from .load_controlled import LoadControlledMigration
from .patch import Patch
from .written_steps import WrittenSteps


class ReversibleDataPatch(LoadControlledMigration):
    """
    A migration that changes rows, and that can be undone without a written reverse.

        class Migration(ReversibleDataPatch):
            dependencies = [("stock", "0003_currency")]

            def patch(self, apps, patch):
                Medicine = apps.get_model("stock", "Medicine")
                patch.update(Medicine.objects.filter(currency="EUR"), price=F("price") * Decimal("1.1"))

    ``patch`` runs after ``operations``, if there are any.
    """

    def written_steps(self) -> ReversibleOperation:
        return WrittenSteps(self, self.run_forwards, None, self.elidable, "patch()")

    def run_forwards(self, run: ActiveRun, apps: Any, schema_editor: Any) -> None:
        self.patch(apps, Patch(run, apps))

    def patch(self, apps: Any, patch: Patch) -> None:
        raise NotImplementedError(f"{self} has no `patch(self, apps, patch)`.")

    def has_reverse(self) -> bool:
        return True
