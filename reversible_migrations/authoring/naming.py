"""Migrations by the names that people type: an app's label and the beginning of a migration's name."""

from django.db.migrations import Migration
from django.db.migrations.exceptions import AmbiguityError
from django.db.migrations.loader import MigrationLoader

from ..exceptions import UnknownMigration


def migration_named(loader: MigrationLoader, app: str, name: str) -> Migration:
    """Return the migration of ``app`` whose name begins with ``name``; raise ``UnknownMigration`` without just one."""
    require_app(loader, app)
    try:
        return loader.get_migration_by_prefix(app, name)
    except AmbiguityError:
        what, todo = f"more than one migration begins with {name!r}.", "Write more of its name."
    except KeyError:
        what, todo = f"no migration begins with {name!r}.", f"`manage.py showmigrations {app}` lists them."
    raise UnknownMigration(app, what, todo=todo)


def require_app(loader: MigrationLoader, app: str) -> None:
    if app not in loader.migrated_apps:
        known = ", ".join(sorted(loader.migrated_apps))
        raise UnknownMigration(app, "is no app with migrations.", todo=f"Those are: {known}.")
