"""
A foreign key on a table in use: it locks both tables, and its rows are checked under these locks.

Those of a new column that is NULL are not checked, but both tables are locked, and the index of the column is built
before the locks are given back. ``AlterField`` drops the constraint of a foreign key and makes it anew,
whatever it changes.

https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES
"""

from collections.abc import Iterator
from typing import Any

from django.db.migrations.operations import AddField, AlterField

from ...phases.classify import changed_arguments, column_of
from ...states import Level
from ..columns import is_constrained, referred_field
from ..finding import Finding
from ..subject import OperationSubject
from ..tables_in_use import OR_ON_BASE, TableInUseRule, referred_table

# What fields say of themselves that is not in their columns, though Django makes their constraints anew for it.
IN_PYTHON = {"auto_created", "default", "parent_link", "serialize"}


class ForeignKeyAtOnce(TableInUseRule):
    code = "RM205"
    name = "foreign-key-at-once"
    level = Level.WARNING
    link = "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES"
    operations = (
        AddField,
        AlterField,
    )

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation = subject.operation
        assert isinstance(operation, AddField | AlterField), "is_about() has seen to it"
        field: Any = operation.field
        other = referred_table(subject, field)
        if other is None or (isinstance(operation, AlterField) and subject.altered is None):
            return
        column = f"{subject.table}.{column_of(operation.name, field)}"
        both = f"{subject.table} and {other or 'the table that it refers to'}" if other != subject.table else other
        is_new = isinstance(operation, AddField)
        if is_new:
            makes = "builds its index" if field.db_index or field.unique else "adds its constraint"
            them = "it" if other == subject.table else "them"
            message = f"The foreign key {column} locks {both} at once, and {makes} before it lets go of {them}."
        elif is_constrained(subject.old_field):
            message = (
                f"AlterField drops the constraint of {column} and makes it anew: all rows are checked, and "
                f"{both} locked until then."
            )
        else:
            message = f"All rows are checked for the new constraint of {column}, and {both} locked until then."
        hint = self._hint(subject, operation, other)
        yield self.finding(subject, message, hint if is_new else sql_alone(subject) or hint)

    def _hint(self, subject: OperationSubject, operation: AddField | AlterField, other: str) -> str:
        model, name = operation.model_name_lower, operation.name
        column = column_of(name, operation.field)
        add = (
            f"ALTER TABLE {subject.table} ADD CONSTRAINT {subject.table}_{column}_fk FOREIGN KEY ({column}) "
            f"REFERENCES {referred(subject, operation.field, other)} DEFERRABLE INITIALLY DEFERRED NOT VALID"
        )
        kind = type(operation).__name__
        old: Any = subject.old_field if isinstance(operation, AlterField) else None
        new: Any = operation.field
        is_built = new.db_index and not new.unique and not (old is not None and (old.db_index or old.unique))
        without = ["db_constraint=False", *(["db_index=False"] if is_built else [])]
        index = "AddIndexConcurrently, and " if is_built else "and "
        return (
            f'{kind}("{model}", "{name}", ...({", ".join(without)})), {index}'
            f"RunSQL('{add}'), VALIDATE CONSTRAINT in a later migration{OR_ON_BASE}"
        )


def referred(subject: OperationSubject, field: Any, table: str) -> str:
    """Return what a constraint refers to: a table, with the column where that is not its primary key."""
    key = referred_field(field, subject.app_label, getattr(subject.operation, "model_name_lower", ""), subject.before)
    is_plain = key is None or key.primary_key
    to = (getattr(field, "to_fields", None) or [None])[0]
    return (table or "...") + ("" if is_plain or not to else f" ({column_of(to, key)})")


def sql_alone(subject: OperationSubject) -> str:
    """Return the operation that leaves the constraint as it is, where only NULL or nothing changes; else ""."""
    operation, fields = subject.operation, subject.altered
    if not isinstance(operation, AlterField) or fields is None or not is_constrained(fields[0]):
        return ""
    old, new = fields
    altered_state = f'AlterField("{operation.model_name_lower}", "{operation.name}", ...)'
    if not changed_arguments(old, new) - IN_PYTHON <= {"null"}:
        return ""
    if old.null == new.null:
        return f"SeparateDatabaseAndState(state_operations=[{altered_state}]): the column stays as it is."
    column = f"ALTER TABLE {subject.table} ALTER COLUMN {column_of(operation.name, old)}"
    does, undoes = ("DROP", "SET") if new.null else ("SET", "DROP")
    return (
        f"RunSQL('{column} {does} NOT NULL', '{column} {undoes} NOT NULL', state_operations=[{altered_state}]), which "
        f"leaves the constraint as it is{OR_ON_BASE}"
    )
