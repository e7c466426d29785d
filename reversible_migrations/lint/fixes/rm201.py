"""``AddIndex`` becomes ``AddIndexConcurrently``, in a migration that has nothing else that needs its transaction."""

from collections.abc import Iterator

from django.db import connections
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.models import AddIndex, AlterModelManagers, AlterModelOptions, RemoveIndex
from django.db.migrations.operations.special import SeparateDatabaseAndState

from ..finding import Finding
from ..fix import Fix
from ..imports import Import
from ..rewriting import CannotFix, Rewriting
from ..source import members
from ..subject import MigrationSubject, OperationSubject
from ..wording import described

OF_STATE = (AlterModelManagers, AlterModelOptions)  # operations that leave the database as it is


class BuildIndexConcurrently(Fix):
    code = "RM201"

    def plan(self, finding: Finding, subject: OperationSubject, file: Rewriting) -> None:
        make_concurrent(subject, file, "AddIndexConcurrently")


def make_concurrent(subject: OperationSubject, file: Rewriting, kind: str) -> None:
    """Let the class ``kind`` do the operation, and the migration run without a transaction."""
    if not isinstance(subject.operation, AddIndex | RemoveIndex):
        raise CannotFix("Django has no operation that does it concurrently")
    refuse_where_not_known()
    migration = subject.migration
    if migration.is_atomic:
        refuse_transaction_needed(migration, subject)
    file.rename_call(subject, Import("django.contrib.postgres.operations", kind, kind))
    file.is_made_non_atomic |= migration.is_atomic


def refuse_where_not_known() -> None:
    """Raise ``CannotFix`` where a database of the project has no such indexes; without settings none is known."""
    editors = [connections[alias].SchemaEditorClass for alias in connections]
    if any(editor and not hasattr(editor, "sql_create_index_concurrently") for editor in editors):
        raise CannotFix("a database of the project has no such indexes; SchemaMigration as its base class suits any")


def refuse_transaction_needed(migration: MigrationSubject, subject: OperationSubject) -> None:
    written = members(migration.source.migration_class) if migration.source else {}
    if "atomic" in written:
        raise CannotFix("its migration asks for a transaction (`atomic`)")
    others = [each for each in on_database(migration) if not isinstance(each, AddIndex | RemoveIndex)]
    if others:
        what = described(others[0])
        raise CannotFix(f"its migration needs a transaction for: {what}. Give the index a migration of its own")


def on_database(migration: MigrationSubject) -> Iterator[Operation]:
    """Yield the operations of a migration that change the database, those inside others too."""
    waiting = list(migration.migration.operations if migration.migration else ())
    while waiting:
        operation = waiting.pop(0)
        if isinstance(operation, SeparateDatabaseAndState):
            waiting += operation.database_operations
        elif not isinstance(operation, OF_STATE):
            yield operation
