"""``RetireOrder``: rows lose the order they were given, and get it back on undo."""

from copy import copy
from typing import Any

from django.db.migrations.operations.models import AlterOrderWithRespectTo

from .retiring import Removed, Retiring


class RetireOrder(AlterOrderWithRespectTo, Retiring):
    """
    Take ``order_with_respect_to`` from a model, and keep the column ``_order`` until the rollback data is purged.

    It is kept as ``RetireField`` keeps a field. Rows that come meanwhile have 0 in it, as Django gives rows
    that were there before their order.
    """

    def title(self, app_label: str) -> str:
        return f"{app_label}.{self.name}._order"

    def removed(self, app_label: str, alias: str, state: Any) -> list[Removed]:
        model = state.apps.get_model(app_label, self.name)
        if not self.allow_migrate_model(alias, model) or not model._meta.order_with_respect_to:
            return []
        field = copy(model._meta.get_field("_order"))
        field.default = 0
        return [Removed(model, field)]

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self.retire(app_label, schema_editor, from_state, to_state, super().database_forwards)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self.bring_back(app_label, schema_editor, from_state, to_state, super().database_forwards)

    def describe(self) -> str:
        return f"Retire the order of {self.name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"retire_{self.name_lower}_order"
