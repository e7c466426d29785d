"""``RetireModel``: a model whose table goes out of use, with its rows, and comes back on undo."""

from typing import Any

from django.db.migrations.operations.models import DeleteModel

from .retiring import Removed, Retiring


class RetireModel(DeleteModel, Retiring):
    """
    Take the table of a model out of use, with those of its many-to-many fields, and keep them until the purge.

    On PostgreSQL they are renamed, with their indexes and sequences; foreign keys from and to other tables are
    dropped and remembered. On SQLite they are copied. Undo brings all of it back.
    """

    def title(self, app_label: str) -> str:
        return f"{app_label}.{self.name}"

    def removed(self, app_label: str, alias: str, state: Any) -> list[Removed]:
        model = state.apps.get_model(app_label, self.name)
        if not self.allow_migrate_model(alias, model):
            return []
        throughs = [field.remote_field.through for field in model._meta.local_many_to_many]
        return [*(Removed(through) for through in throughs if through._meta.auto_created), Removed(model)]

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self.retire(app_label, schema_editor, from_state, to_state, super().database_forwards)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self.bring_back(app_label, schema_editor, from_state, to_state, super().database_backwards)

    def describe(self) -> str:
        return f"Retire model {self.name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"retire_{self.name_lower}"
