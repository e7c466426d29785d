"""
Make every Django migration undoable.

The public names are loaded on first use: importing this package imports no model, so it may
stand in ``INSTALLED_APPS`` and in ``settings.py``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .authoring.data_patch import ReversibleDataPatch
    from .authoring.load_controlled import LoadControlledMigration
    from .authoring.reversible import ReversibleMigration
    from .authoring.schema import SchemaMigration
    from .authoring.verify_query import VerifyQuery
    from .authoring.zero_downtime import ZeroDowntimeMigration

__version__ = "0.1.0"

__all__ = [
    "LoadControlledMigration",
    "ReversibleDataPatch",
    "ReversibleMigration",
    "SchemaMigration",
    "VerifyQuery",
    "ZeroDowntimeMigration",
]

HOME_OF = {
    "ReversibleMigration": ".authoring.reversible",
    "LoadControlledMigration": ".authoring.load_controlled",
    "ReversibleDataPatch": ".authoring.data_patch",
    "SchemaMigration": ".authoring.schema",
    "VerifyQuery": ".authoring.verify_query",
    "ZeroDowntimeMigration": ".authoring.zero_downtime",
}


def __getattr__(name: str) -> Any:
    if name not in HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(HOME_OF[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
