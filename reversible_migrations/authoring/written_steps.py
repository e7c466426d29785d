"""The operation by which Django's tools see the method that a migration's author wrote."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError
from django.db import migrations
from django.db.migrations.operations.base import Operation

from ..operations.base import ReversibleOperation
from ..runs.run import ActiveRun

Method = Callable[[ActiveRun, Any, Any], None]


class WrittenSteps(ReversibleOperation):
    """
    Calls a method of its migration. ``migrate --plan`` and ``sqlmigrate`` describe it.

    It cannot be folded by ``squashmigrations``, because the method stays in the old file; an elidable one is left out.
    """

    def __init__(
        self, migration: migrations.Migration, forwards: Method, backwards: Method | None, elidable: bool, title: str
    ):
        self.migration = migration
        self.call_forwards, self.call_backwards = forwards, backwards
        self.elidable = elidable  # type: ignore[misc]  # as Django's RunPython does
        self.title = title

    def forwards(self, run: ActiveRun, apps: Any, schema_editor: Any, app_label: str) -> None:
        self.call_forwards(run, apps, schema_editor)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if self.call_backwards is None:
            super().database_backwards(app_label, schema_editor, from_state, to_state)
            return
        with self._engaged_backwards(app_label, schema_editor.connection.alias) as run:
            if run is not None:
                self.call_backwards(run, to_state.apps, schema_editor)

    def reduce(self, operation: Operation, app_label: str) -> Any:
        self._refuse_folding()
        return super().reduce(operation, app_label)

    def references_model(self, name: str, app_label: str) -> bool:
        # Only the optimizer asks, before squashmigrations opens the new file: an error in
        # deconstruct() would leave that file empty.
        self._refuse_folding()
        return True

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        raise self._unfoldable()

    def _refuse_folding(self) -> None:
        if not self.elidable:
            raise self._unfoldable()

    def _unfoldable(self) -> CommandError:
        return CommandError(
            f"{self.migration}: its {self.title} cannot be folded into another migration. Nothing was written. "
            f"Squash the migrations before it and after it separately, or, once every database has run it and its "
            f"rollback data is no longer needed, set `elidable = True` in its class and squash again."
        )

    def describe(self) -> str:
        return f"{type(self.migration).__bases__[0].__name__}: {self.title}"

    @property
    def migration_name_fragment(self) -> str:
        return "patch"
