"""``RetireField``: a field whose column goes out of use, with its values, and comes back on undo."""

from typing import Any

from django.db.migrations.operations.fields import RemoveField

from .retiring import Removed, Retiring


class RetireField(RemoveField, Retiring):
    """
    Take the column of a field out of use, and keep it until the rollback data is purged.

    On PostgreSQL it is renamed: nothing is rewritten, and foreign keys and checks on it are dropped and remembered. A
    column that may not be NULL takes the field's default for rows that come meanwhile, or NULL. Undo brings back
    the column with its values, constraints and indexes. On SQLite the values are copied. A many-to-many
    field has its own table, which is retired.

    Raise ``CannotRetire`` for a part of the primary key.
    """

    def __init__(self, model_name: str, name: str):
        super().__init__(model_name, name)

    def title(self, app_label: str) -> str:
        return f"{app_label}.{self.model_name}.{self.name}"

    def removed(self, app_label: str, alias: str, state: Any) -> list[Removed]:
        model = state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(alias, model):
            return []
        field = model._meta.get_field(self.name)
        if field.many_to_many:
            through = field.remote_field.through
            return [Removed(through)] if through._meta.auto_created else []
        return [Removed(model, field)] if field.concrete and field.column else []

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self.retire(app_label, schema_editor, from_state, to_state, super().database_forwards)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self.bring_back(app_label, schema_editor, from_state, to_state, super().database_backwards)

    def describe(self) -> str:
        return f"Retire field {self.name} of {self.model_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"retire_{self.model_name_lower}_{self.name_lower}"
