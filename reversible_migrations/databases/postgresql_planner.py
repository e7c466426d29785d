"""
Ordinary schema operations, planned for a PostgreSQL that is in use.

Django's own schema editor writes the statements; here they are collected instead of run, and those that would
scan or rewrite a table under an exclusive lock are taken apart. They are recognised by the editor's templates
and methods, not by their text.
"""

from collections.abc import Iterator
from copy import copy
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db.backends.postgresql.schema import DatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.special import SeparateDatabaseAndState
from django.db.models import CheckConstraint, UniqueConstraint

from .postgresql_defaults import default_by_database, differs_each_time
from .schema_change import BUILD, DROP, SchemaPlan, SchemaStatement, checked_later, proved, set_not_null

if TYPE_CHECKING:
    from .postgresql_schema import PostgreSQLSchema

FILL = "/* rows without a value */ "


class OnlinePlanner(DatabaseSchemaEditor):
    """Collects what an operation does, as statements that can be run while the tables are in use."""

    sql_create_column_inline_fk = None  # type: ignore[assignment]
    sql_update_with_default = f"{FILL}UPDATE %(table)s SET %(column)s = %(default)s WHERE %(column)s IS NULL"
    # An operation that was interrupted is undone as far as it came.
    sql_delete_table = "DROP TABLE IF EXISTS %(table)s CASCADE"
    sql_delete_column = "ALTER TABLE %(table)s DROP COLUMN IF EXISTS %(column)s CASCADE"
    sql_delete_constraint = "ALTER TABLE %(table)s DROP CONSTRAINT IF EXISTS %(name)s"
    sql_delete_check = sql_delete_constraint
    sql_delete_fk = sql_delete_constraint
    sql_delete_unique = "ALTER TABLE %(table)s /* unique */ DROP CONSTRAINT IF EXISTS %(name)s"

    def __init__(self, db: "PostgreSQLSchema", is_undo: bool):
        super().__init__(db.connection, collect_sql=True, atomic=False)
        self.db, self.is_undo = db, is_undo
        self.deferred_sql: list[Any] = []
        self.statements: list[SchemaStatement] = []
        self.faults: list[str] = []
        self.created: set[str] = set()  # tables that nobody uses yet
        self.adds_column = False
        self.filled: set[str] = set()  # tables that get a column with a default of the database
        self.table = ""

    def plan(self) -> SchemaPlan:
        """Return what was collected, the deferred statements at its end."""
        for statement in self.deferred_sql:
            self.execute(statement, None)
        self.deferred_sql = []
        return SchemaPlan(tuple(self.statements), tuple(dict.fromkeys(self.faults)))

    # Statements

    def execute(self, sql: Any, params: Any = ()) -> None:
        text = str(sql) if not params else str(self.connection.ops.compose_sql(str(sql), params))
        table = str(sql.parts.get("table", self.table)) if hasattr(sql, "parts") else self.table
        if text.startswith(FILL):
            return  # all rows at once would be locked for as long; NULLs that are left are found by the check
        for statement in self._taken_apart(sql, text, table):
            self.statements.append(statement)

    def _taken_apart(self, sql: Any, text: str, table: str) -> Iterator[SchemaStatement]:
        template, is_new = getattr(sql, "template", None), table in self.created
        if is_new or template is None:
            yield SchemaStatement(text, table=table)
        elif template in (self.sql_create_fk, self.sql_create_check):
            yield from checked_later(text, table, str(sql.parts["name"]))
        elif template == self.sql_create_unique:
            yield from self._unique(sql.parts, table)
        elif template in (self.sql_create_index, self.sql_create_unique_index, self.sql_create_index_concurrently):
            head, _, rest = text.partition("INDEX ")
            text = f"{head}INDEX CONCURRENTLY {rest.removeprefix('CONCURRENTLY ')}"
            yield SchemaStatement(text, BUILD, table, str(sql.parts["name"]))
        elif template in (self.sql_delete_index, self.sql_delete_index_concurrently):
            yield self._dropped(str(sql.parts["name"]), table)
        else:
            yield SchemaStatement(text, table=table)
            if template == self.sql_delete_unique:  # its index may have been built, and the constraint not added
                yield self._dropped(str(sql.parts["name"]), table)

    def _unique(self, parts: dict[str, Any], table: str) -> Iterator[SchemaStatement]:
        name, nulls = str(parts["name"]), str(parts.get("nulls_distinct", ""))
        build = f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({parts['columns']}){nulls}"
        yield SchemaStatement(build, BUILD, table, name)
        using = f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}{parts.get('deferrable', '')}"
        yield SchemaStatement(using, table=table)

    def _dropped(self, name: str, table: str) -> SchemaStatement:
        return SchemaStatement(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", DROP, table, name)

    # Tables

    def create_model(self, model: Any) -> None:
        self.table = self.quote_name(model._meta.db_table)
        self.created.add(self.table)
        super().create_model(model)

    def delete_model(self, model: Any) -> None:
        self.table = self.quote_name(model._meta.db_table)
        super().delete_model(model)

    def alter_db_table(self, model: Any, old_db_table: str, new_db_table: str) -> None:
        if old_db_table != new_db_table:
            self.table = self.quote_name(old_db_table)
            self.fault(f"renames the table {old_db_table}, which running code still asks for")
        super().alter_db_table(model, old_db_table, new_db_table)

    def alter_db_table_comment(self, model: Any, *comments: Any) -> None:
        self.table = self.quote_name(model._meta.db_table)
        super().alter_db_table_comment(model, *comments)

    # Columns

    def add_field(self, model: Any, field: Any) -> None:
        self.table = self.quote_name(model._meta.db_table)
        if field.generated and field.db_persist:
            self.fault(f"stores values of {field.column} for all rows: they are written anew, with everybody shut out")
        self._refuse_value(field)
        if field.has_db_default():
            self.filled.add(self.table)
        self.adds_column, self.sql_check_constraint = True, ""
        try:
            super().add_field(model, field)
        finally:
            self.adds_column = False
            del self.sql_check_constraint
        by_database = self._default_by_database(field)
        if by_database is not None:
            changes = f"ALTER COLUMN {self.quote_name(field.column)} SET DEFAULT {by_database}"
            self.execute(self.sql_alter_column % {"table": self.table, "changes": changes}, None)
        check = field.db_parameters(connection=self.connection).get("check")
        if field.column and check:
            name = self._create_index_name(model._meta.db_table, [field.column], suffix="_check")  # type: ignore[attr-defined]
            self.execute(self._create_check_sql(model, name, check))  # type: ignore[attr-defined]
        if field.column and field.unique and not field.primary_key:
            self.execute(self._create_unique_sql(model, [field]))  # type: ignore[attr-defined]

    def _refuse_value(self, field: Any) -> None:
        """Find fault with what the rows, or those that code which does not know ``field`` makes, would have in it."""
        if self._lacks_a_value(field):
            self.fault(f"has no value of {field.column} for the rows that are there")
        elif field.unique and not field.primary_key and self._is_filled_by_django(field):
            self.fault(f"gives all rows the same {field.column}, which is to be unique")
        elif self._is_unknown(field):
            self.fault(f"has a default of {field.column} that differs each time, which the database does not know")

    def _is_filled_by_django(self, field: Any) -> bool:
        if field.many_to_many or field.generated or field.has_db_default():
            return False
        return self.effective_default(field) is not None

    def _default_by_database(self, field: Any) -> str | None:
        """Return the default of a NOT NULL column that is to stay in the database instead of Django's."""
        if field.null or not self._is_filled_by_django(field):
            return None
        return default_by_database(field, self.connection)

    def _is_unknown(self, field: Any) -> bool:
        """Return whether nothing can stay in the database as the default of a NOT NULL column."""
        if field.null or not self._is_filled_by_django(field) or not differs_each_time(field):
            return False
        return self._default_by_database(field) is None

    def _lacks_a_value(self, field: Any) -> bool:
        """Return whether the new column of ``field`` is NOT NULL, and neither Django nor the database fills it."""
        if field.many_to_many or field.null or field.generated or field.primary_key or field.has_db_default():
            return False
        return self.effective_default(field) is None

    def _iter_column_sql(self, *args: Any, **options: Any) -> Iterator[str]:
        for part in super()._iter_column_sql(*args, **options):  # type: ignore[misc]
            if not (self.adds_column and part == "UNIQUE"):
                yield part

    def skip_default_on_alter(self, field: Any) -> bool:
        """Keep the default of a new NOT NULL column, so that code that does not know it goes on inserting."""
        is_kept = self.adds_column and not field.null and not self._is_unknown(field)
        return is_kept or bool(super().skip_default_on_alter(field))

    def remove_field(self, model: Any, field: Any) -> None:
        self.table = self.quote_name(model._meta.db_table)
        super().remove_field(model, field)

    def alter_field(self, model: Any, old_field: Any, new_field: Any, strict: bool = False) -> None:
        self.table = self.quote_name(model._meta.db_table)
        if self._differ_in_comment_only(old_field, new_field):
            # Django would name the type once more, at which PostgreSQL checks all rows again.
            type_ = new_field.db_type(self.connection)
            self.execute(*self._alter_column_comment_sql(model, new_field, type_, new_field.db_comment))  # type: ignore[attr-defined]
            return
        super().alter_field(model, old_field, new_field, strict)
        if old_field.null and not new_field.null and new_field.column:
            column = self.quote_name(new_field.column)
            self.statements += set_not_null(self.table, column, self._not_null_check(new_field.column))
        elif self.is_undo and new_field.null and not old_field.null and new_field.column:
            self._forget_not_null(new_field)

    def _differ_in_comment_only(self, old_field: Any, new_field: Any) -> bool:
        if not new_field.column or old_field.db_comment == new_field.db_comment:
            return False
        commented = copy(old_field)
        commented.db_comment = new_field.db_comment
        return not self._field_should_be_altered(commented, new_field)  # type: ignore[attr-defined]

    def _alter_column_null_sql(self, model: Any, old_field: Any, new_field: Any) -> Any:
        return super()._alter_column_null_sql(model, old_field, new_field) if new_field.null else None  # type: ignore[misc]

    def _forget_not_null(self, field: Any) -> None:
        """Take away what an interrupted change to NOT NULL may have left."""
        drop = f"ALTER TABLE {self.table} DROP CONSTRAINT IF EXISTS {self._not_null_check(field.column)}"
        self.statements.append(SchemaStatement(drop, table=self.table))
        if not field.has_db_default():
            drop = f"ALTER TABLE {self.table} ALTER COLUMN {self.quote_name(field.column)} DROP DEFAULT"
            self.statements.append(SchemaStatement(drop, table=self.table))

    def _not_null_check(self, column: str) -> str:
        return str(self.quote_name(f"rm_not_null_{column}"[:63]))

    def _delete_composed_index(self, model: Any, fields: Any, constraint_kwargs: Any, sql: str) -> None:
        self.table = self.quote_name(model._meta.db_table)
        try:
            super()._delete_composed_index(model, fields, constraint_kwargs, sql)  # type: ignore[misc]
        except ValueError:  # the constraint is not there
            if not self.is_undo:
                raise
            made = self._create_unique_sql(model, [model._meta.get_field(field) for field in fields])  # type: ignore[attr-defined]
            self.statements.append(self._dropped(str(made.parts["name"]), self.table))

    def _rename_field_sql(self, table: str, old_field: Any, new_field: Any, new_type: str) -> Any:
        self.fault(f"renames the column {old_field.column} of {table}, which running code still asks for")
        return super()._rename_field_sql(table, old_field, new_field, new_type)  # type: ignore[misc]

    def _alter_column_type_sql(self, model: Any, old_field: Any, new_field: Any, *args: Any) -> Any:
        types = {field.db_parameters(connection=self.connection)["type"] for field in (old_field, new_field)}
        if len(types) > 1 and self.db.has_checks(self.table, old_field.column):
            self.fault(f"changes the type of {old_field.column}, on which there is a check: all rows are read again")
        return super()._alter_column_type_sql(model, old_field, new_field, *args)  # type: ignore[misc]

    def _create_primary_key_sql(self, model: Any, field: Any) -> Any:
        self.fault("changes the primary key: all rows are read under an ACCESS EXCLUSIVE lock")
        return super()._create_primary_key_sql(model, field)  # type: ignore[misc]

    def add_constraint(self, model: Any, constraint: Any) -> None:
        self.table = self.quote_name(model._meta.db_table)
        if not isinstance(constraint, CheckConstraint | UniqueConstraint):
            self.fault(f"builds {constraint.name} under an ACCESS EXCLUSIVE lock")
        super().add_constraint(model, constraint)

    def add_unproved(self, model: Any, constraint: Any) -> None:
        """Add a check that holds for new rows only, until it is proved of the others."""
        self.table = self.quote_name(model._meta.db_table)
        sql = constraint.create_sql(model, self)
        if sql:
            self.statements.append(SchemaStatement(f"{sql} NOT VALID", table=self.table))

    def prove(self, model: Any, name: str) -> None:
        """Prove a constraint of the rows that are there."""
        table = self.quote_name(model._meta.db_table)
        self.statements.append(proved(table, str(self.quote_name(name))))

    def fault(self, what: str) -> None:
        if self.table not in self.created and self.db.may_have_rows(self.table):
            self.faults.append(what)


# Django's own operations that write their SQL themselves, for the planner.


class AddUnproved(AddConstraintNotValid):
    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.add_unproved(model, self.constraint)


class Prove(ValidateConstraint):
    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.prove(model, self.name)


def for_planner(operation: Operation) -> Operation:
    """Return ``operation``, or one that does the same by methods of the planner."""
    if isinstance(operation, SeparateDatabaseAndState):
        operation = copy(operation)
        operation.database_operations = [for_planner(part) for part in operation.database_operations]
    elif isinstance(operation, AddConstraintNotValid):
        operation = AddUnproved(operation.model_name, operation.constraint)
    elif isinstance(operation, ValidateConstraint):
        operation = Prove(operation.model_name, operation.name)
    return operation
