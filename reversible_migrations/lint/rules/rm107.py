"""
A changed column that loses something of its values: cut off, rounded, or NULLs that are filled.

https://www.postgresql.org/docs/current/sql-altertable.html
"""

from collections.abc import Iterator

from django.db.migrations.operations.fields import AlterField

from ...states import Level
from ..finding import Finding
from ..lossy_types import loss_of
from ..registry import OperationRule
from ..subject import OperationSubject


class LossyAlteration(OperationRule):
    code = "RM107"
    name = "lossy-alteration"
    level = Level.WARNING
    link = "https://www.postgresql.org/docs/current/sql-altertable.html"
    operations = (AlterField,)

    def is_about(self, subject: OperationSubject) -> bool:
        is_in_use = subject.is_managed and not subject.is_new_table and not subject.migration.is_ours
        return super().is_about(subject) and is_in_use

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation, old = subject.operation, subject.old_field
        assert isinstance(operation, AlterField), "is_about() has seen to it"
        loss = loss_of(old, operation.field) if old is not None else None
        if loss is not None:
            message = f"{subject.table}.{operation.name}: {loss}. Undo cannot bring back what was there."
            hint = f"class Migration(ReversibleMigration): it keeps the old values of {operation.name} beside."
            yield self.finding(subject, message, hint)
