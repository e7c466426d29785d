"""The reversible operations, for any Django migration: ``from reversible_migrations import operations as ops``."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .create_rows import CreateRows
    from .delete_rows import DeleteRows
    from .record_changes import RecordedPython, RecordedSQL
    from .retire_field import RetireField
    from .retire_model import RetireModel
    from .transform_rows import TransformRows
    from .update_rows import UpdateRows

__all__ = [
    "CreateRows", "DeleteRows", "RecordedPython", "RecordedSQL", "RetireField", "RetireModel", "TransformRows",
    "UpdateRows",
]  # fmt: skip

HOME_OF = {
    "CreateRows": ".create_rows",
    "DeleteRows": ".delete_rows",
    "RecordedPython": ".record_changes",
    "RecordedSQL": ".record_changes",
    "RetireField": ".retire_field",
    "RetireModel": ".retire_model",
    "TransformRows": ".transform_rows",
    "UpdateRows": ".update_rows",
}


def __getattr__(name: str) -> Any:
    if name not in HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(HOME_OF[name], __name__), name)
