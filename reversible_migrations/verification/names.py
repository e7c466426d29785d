"""What is to be verified, by the names that people type."""

from dataclasses import dataclass

from django.db.migrations.loader import MigrationLoader

from ..authoring.naming import migration_named, require_app
from ..databases import database
from ..overview import require_tables
from ..phases.plan import MigrationKey


@dataclass(frozen=True)
class Named:
    """The apps or the migrations that ``verify`` is asked for; None: all."""

    apps: list[str] | None = None
    migrations: list[MigrationKey] | None = None


def named(alias: str, app: str | None, name: str | None) -> Named:
    """Return what ``app`` and the beginning of a migration's ``name`` mean; raise ``UnknownMigration`` for no such."""
    require_tables(database(alias))
    if app is None:
        return Named()
    loader = MigrationLoader(None)  # the files are enough, and a role of few rights may read nothing else
    require_app(loader, app)
    if name is None:
        return Named(apps=[app])
    migration = migration_named(loader, app, name)
    return Named(migrations=[(migration.app_label, migration.name)])
