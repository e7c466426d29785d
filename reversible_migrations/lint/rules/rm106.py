"""
A deleted model whose rows nobody keeps: undo brings back the table, and it is empty.

https://docs.djangoproject.com/en/stable/ref/migration-operations/#deletemodel
"""

from collections.abc import Iterator

from django.db.migrations.operations.models import DeleteModel

from ...operations.retiring import Retiring
from ...states import Level
from ..data_code import is_filled_by_reverse
from ..finding import Finding
from ..registry import OperationRule
from ..subject import OperationSubject


class DeletedRows(OperationRule):
    code = "RM106"
    name = "deleted-rows"
    level = Level.WARNING
    link = "https://docs.djangoproject.com/en/stable/ref/migration-operations/#deletemodel"
    operations = (DeleteModel,)

    def is_about(self, subject: OperationSubject) -> bool:
        is_kept = subject.migration.is_ours or isinstance(subject.operation, Retiring)
        return super().is_about(subject) and not is_kept and subject.is_managed and not subject.is_new_table

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation = subject.operation
        assert isinstance(operation, DeleteModel), "is_about() has seen to it"
        if is_filled_by_reverse(subject, f"{subject.app_label}.{operation.name_lower}"):
            return
        message = f"{subject.table} is dropped with its rows: undo brings back an empty table."
        yield self.finding(subject, message, f'ops.RetireModel("{operation.name}")')
