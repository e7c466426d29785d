"""
Another primary key: its index is built while nobody may read or write the table, and foreign keys refer to the old one.

An integer that becomes bigint is RM218's.

https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-PRIMARY-KEYS
"""

from collections.abc import Iterator
from typing import Any

from django.db.migrations.operations import AddField, AlterField, RemoveField

from ...states import Level
from ..columns import column_type, is_rewritten
from ..finding import Finding
from ..subject import OperationSubject
from ..tables_in_use import TableInUseRule


class ChangedPrimaryKey(TableInUseRule):
    code = "RM223"
    name = "changed-primary-key"
    level = Level.WARNING
    link = "https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-PRIMARY-KEYS"
    operations = (
        AddField,
        AlterField,
        RemoveField,
    )

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation, old = subject.operation, subject.old_field
        change = ""
        if isinstance(operation, AddField) and operation.field.primary_key:
            change = f"becomes the primary key of {subject.table}"
        elif isinstance(operation, AlterField) and old is not None and operation.field.primary_key:
            change = self._altered(subject, old, operation.field)
        elif isinstance(operation, RemoveField) and old is not None and old.primary_key:
            change = f"is the primary key of {subject.table}, and goes"
        if change:
            name = getattr(operation, "name", "")
            yield self.finding(
                subject,
                f"{name} {change}: rows are read or written anew while nobody can read or write the table, and what "
                "refers to the old key does not fit any more.",
                f"Make a new model with {name} as it is to be, copy the rows with ops.CreateRows, and take the old one "
                "away once no code uses it.",
            )

    def _altered(self, subject: OperationSubject, old: Any, new: Any) -> str:
        if not old.primary_key:
            return f"becomes the primary key of {subject.table}"
        model = getattr(subject.operation, "model_name_lower", "")
        types = [column_type(field, subject.app_label, model, subject.before) for field in (old, new)]
        if types[0] is None or types[1] is None or not is_rewritten(types[0], types[1]) or types[1].name == "bigint":
            return ""
        return f"of {subject.table} changes from {types[0]} to {types[1]}"
