"""Everything one database does differently. Nobody else asks ``connection.vendor``."""

from importlib import import_module
from typing import TYPE_CHECKING

from django.db import NotSupportedError, connections

from ..conf import setting

if TYPE_CHECKING:
    from .base import Database
    from .catalogue import Catalogue

VENDORS = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}


def is_served(alias: str) -> bool:
    """Return whether the database ``alias`` is of a kind that this app works on."""
    return connections[alias].vendor in VENDORS


def served_databases() -> list[str]:
    """Return the databases of the project that this app works on."""
    return [alias for alias in connections if is_served(alias)]


def watched_databases() -> list[str]:
    """Return those of them whose runs are shown: those of the setting, or all."""
    return [alias for alias in setting("WATCHED_DATABASES") or connections if is_served(alias)]


def database(alias: str) -> "Database":
    """Return the ``Database`` of the connection ``alias``; raise ``NotSupportedError`` for a vendor without one."""
    connection = connections[alias]
    if not is_served(alias):
        raise NotSupportedError(
            f"reversible_migrations works on {' and '.join(VENDORS.values())}; "
            f"the database {alias!r} is {connection.display_name}. Nothing was run."
        )
    module = import_module(f".{connection.vendor}", __name__)
    found: Database = getattr(module, VENDORS[connection.vendor])(connection)
    return found


def catalogue_of(db: "Database") -> "Catalogue":
    """Return what ``db`` says of itself when it is verified."""
    module = import_module(f".{db.connection.vendor}_catalogue", __name__)
    found: Catalogue = getattr(module, f"{VENDORS[db.connection.vendor]}Catalogue")(db)
    return found
