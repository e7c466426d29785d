"""
A removed field whose values nobody keeps: undo brings back the column, and it is empty.

https://docs.djangoproject.com/en/stable/ref/migration-operations/#removefield
"""

from collections.abc import Iterator
from typing import Any

from django.db.migrations.operations.fields import RemoveField

from ...operations.retiring import Retiring
from ...states import Level
from ..columns import goes_from_database
from ..data_code import is_filled_by_reverse
from ..finding import Finding
from ..registry import OperationRule
from ..subject import OperationSubject
from ..tables_in_use import table_of_many_to_many


class RemovedValues(OperationRule):
    code = "RM105"
    name = "removed-values"
    level = Level.WARNING
    link = "https://docs.djangoproject.com/en/stable/ref/migration-operations/#removefield"
    operations = (RemoveField,)

    def is_about(self, subject: OperationSubject) -> bool:
        is_kept = subject.migration.is_ours or isinstance(subject.operation, Retiring)
        return super().is_about(subject) and not is_kept and subject.is_managed and not subject.is_new_table

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation = subject.operation
        assert isinstance(operation, RemoveField), "is_about() has seen to it"
        field: Any = subject.old_field
        if getattr(field, "generated", False):  # computed anew from other columns
            return
        if not goes_from_database(field):  # a many-to-many by a model of its own, which stays
            return
        if is_filled_by_reverse(subject, f"{subject.app_label}.{operation.model_name_lower}"):
            return
        message = f"{subject.table} loses the values of {operation.name}: undo brings back an empty column."
        if field is not None and field.many_to_many:
            message = f"{table_of_many_to_many(subject)} is dropped with its rows: undo brings back an empty table."
        # In small letters, as migrations have it.
        yield self.finding(subject, message, f'ops.RetireField("{operation.model_name_lower}", "{operation.name}")')
