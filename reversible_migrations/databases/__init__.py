"""Everything one database does differently. Nobody else asks ``connection.vendor``."""

from importlib import import_module
from typing import TYPE_CHECKING

from django.db import NotSupportedError, connections

if TYPE_CHECKING:
    from .base import Database
    from .catalogue import Catalogue

VENDORS = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}


def database(alias: str) -> "Database":
    """Return the ``Database`` of the connection ``alias``; raise ``NotSupportedError`` for a vendor without one."""
    connection = connections[alias]
    if connection.vendor not in VENDORS:
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
