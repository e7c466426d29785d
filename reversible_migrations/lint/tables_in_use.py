"""What rules on availability have in common: operations on tables that the site is using."""

from collections.abc import Iterator
from typing import Any

from django.db.migrations.operations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    AlterIndexTogether,
    AlterModelTable,
    AlterUniqueTogether,
    DeleteModel,
    RemoveConstraint,
    RemoveField,
    RemoveIndex,
    RenameField,
    RenameModel,
)
from django.db.migrations.state import ProjectState
from django.db.models import UniqueConstraint
from django.db.models.fields import AutoFieldMixin

from ..phases.classify import changed_arguments
from .columns import (
    column_type,
    has_check,
    has_column,
    has_own_index,
    is_constrained,
    is_foreign_key,
    referred_model,
)
from .python_values import UNREAD
from .registry import OperationRule
from .schema_sql import SchemaChange, made_tables, schema_changes
from .subject import MigrationSubject, OperationSubject
from .walk import table_of
from .wording import is_kind

OR_ON_BASE = "; or base the migration on SchemaMigration, which does so by itself."
LOCKING = (
    AddConstraint, AddField, AddIndex, AlterField, AlterIndexTogether, AlterModelTable, AlterUniqueTogether,
    DeleteModel, RemoveConstraint, RemoveField, RemoveIndex, RenameField, RenameModel,
)  # fmt: skip
IN_PYTHON = {"default", "auto_now", "auto_now_add", "upload_to", "storage"}
CONCURRENT = ("AddIndexConcurrently", "RemoveIndexConcurrently")


class TableInUseRule(OperationRule):
    """A rule on operations that Django does, in its own way, on a table that others may be using."""

    def is_about(self, subject: OperationSubject) -> bool:
        return super().is_about(subject) and subject.is_table_in_use


def has_statements(old: Any, new: Any) -> bool:
    """Return whether Django has a statement for a change; of defaults of Python's it has none, but for foreign keys."""
    if is_constrained(old) or is_constrained(new) or old.db_column != new.db_column:
        return True
    facts = [column_facts(each) for each in (old, new)]
    if None not in facts:
        return facts[0] != facts[1]
    has_one_index = old.unique and new.unique  # that of the constraint, whatever db_index says
    return bool(changed_arguments(old, new) - IN_PYTHON - ({"db_index"} if has_one_index else set()))


def column_facts(field: Any) -> tuple[Any, ...] | None:
    """Return all that PostgreSQL knows of the column of a field; None for one that is not plainly Django's."""
    if is_foreign_key(field) or getattr(field, "generated", False):
        return None
    kind = column_type(field, "", "", ProjectState())
    if kind is None:
        return None
    options = ("null", "unique", "primary_key", "db_default", "db_comment", "db_collation", "db_tablespace")
    is_numbered = isinstance(field, AutoFieldMixin)
    return kind, is_numbered, has_check(field), has_own_index(field), *(getattr(field, each, None) for each in options)


def is_sql_on_table_in_use(subject: OperationSubject, table: str) -> bool:
    """Return whether a table that SQL names was there before the migration, as far as is known."""
    made = tables_made(subject.migration)
    plain = table.rpartition(".")[2]
    is_own = UNREAD in table or table.startswith("pg_temp.")  # of nobody else, or not known
    return not is_own and not any(plain == each or plain.startswith(f"{each}_") for each in made)


def tables_made(migration: MigrationSubject) -> set[str]:
    """Return the tables that the operations visited so far have made."""
    made = {each.table for each in migration.operations if each.is_new_table and each.is_on_database and each.table}
    statements = (statement for each in migration.operations for statement in each.statements)
    return made | {table.rpartition(".")[2] for each in statements for table in made_tables(each)}


def changes_in_sql(subject: OperationSubject) -> Iterator[SchemaChange]:
    """Yield what the SQL of an operation changes in tables in use."""
    for statement in subject.statements:
        for change in schema_changes(statement):
            if is_sql_on_table_in_use(subject, change.table):
                yield change


def knows_column(subject: OperationSubject, table: str, column: str) -> bool:
    """Return whether a model has this column, so that the code that runs asks for it."""
    for name, field in fields_of_table(subject, table):
        if column.lower() in (field.db_column, name, f"{name}_id"):
            return True
    return False


def fields_of_table(subject: OperationSubject, table: str) -> list[tuple[str, Any]]:
    label = subject.model_of_table(table) or ""
    app_label, _, name = label.partition(".")
    model = subject.before.models.get((app_label, name.lower()))
    return list(model.fields.items()) if model else []


def referred_table(subject: OperationSubject, field: Any) -> str | None:
    """Return the table in use that a foreign key refers to; "" for one not known, None where there is none."""
    if not is_constrained(field):
        return None
    key = referred_model(field, subject.app_label, getattr(subject.operation, "model_name_lower", ""))
    if key is None:
        return ""
    table = table_of(subject.operation, *key, subject.before.models.get(key))
    is_new = any(
        each.is_new_table and each.is_on_database and each.table == table for each in subject.migration.operations
    )
    return None if is_new else table


def locked_tables(subject: OperationSubject) -> list[str]:
    """Return the tables in use that an operation locks so that reads or writes wait."""
    if not subject.is_on_database:
        return []
    if subject.statements:
        changes = [change for each in subject.statements for change in schema_changes(each)]
        return [each.table for each in changes if each.table and is_sql_on_table_in_use(subject, each.table)]
    operation = subject.operation
    if not isinstance(operation, LOCKING) or not subject.is_table_in_use:
        return []
    if any(is_kind(operation, name) for name in CONCURRENT):
        return []
    if isinstance(operation, AlterField):
        fields = subject.altered
        return [subject.table] if fields and has_statements(*fields) else []
    if isinstance(operation, AddField) and not has_column(operation.field):
        return []
    if isinstance(operation, RemoveField | RenameField) and subject.old_field and not has_column(subject.old_field):
        return [table] if (table := table_of_many_to_many(subject)) else []
    return [subject.table]


def table_of_many_to_many(subject: OperationSubject) -> str:
    """Return the table that Django made for the field before the operation; "" where there is none."""
    field: Any = subject.old_field
    is_made = field is not None and field.many_to_many and field.remote_field.through is None
    name = getattr(subject.operation, "old_name", getattr(subject.operation, "name", ""))
    return (field.db_table or f"{subject.table}_{name}".lower()) if is_made else ""


def together(subject: OperationSubject) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Return the fields that ``AlterUniqueTogether`` or ``AlterIndexTogether`` puts together, and takes apart."""
    operation: Any = subject.operation
    options = subject.model.options if subject.model else {}
    old = {tuple(names) for names in options.get(operation.option_name) or ()}
    new = {tuple(names) for names in operation.option_value or ()}
    return sorted(new - old), sorted(old - new)


def is_index_only(constraint: Any) -> bool:
    """Return whether Django makes an index for a ``UniqueConstraint``, and no constraint; reads do not wait for it."""
    options = ("condition", "expressions", "include", "opclasses")
    return isinstance(constraint, UniqueConstraint) and any(getattr(constraint, each) for each in options)
