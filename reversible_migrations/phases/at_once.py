"""Django's executor, with a migration and Django's record of it in one transaction where the migration is one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor


class ExecutorAtOnce(MigrationExecutor):
    """
    Applies and undoes migrations so that a process killed at any moment leaves none done and not recorded.

    Django itself removes its record behind the transaction of an undo, and adds it behind that of a migration with
    deferred SQL. One that is not atomic is left as Django does it.
    """

    def apply_migration(self, state: Any, migration: Migration, *args: Any, **options: Any) -> Any:
        with self._at_once(migration):
            return super().apply_migration(state, migration, *args, **options)

    def unapply_migration(self, state: Any, migration: Migration, *args: Any, **options: Any) -> Any:
        with self._at_once(migration):
            return super().unapply_migration(state, migration, *args, **options)

    @contextmanager
    def _at_once(self, migration: Migration) -> Iterator[None]:
        if not (migration.atomic and self.connection.features.can_rollback_ddl):
            yield
            return
        # SQLite's schema editor wants them off, which it cannot be told inside a transaction.
        with self.connection.constraint_checks_disabled(), transaction.atomic(using=self.connection.alias):
            yield
