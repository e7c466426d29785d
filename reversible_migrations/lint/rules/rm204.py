"""
A CHECK that is tried on all rows while nobody may read or write the table.

The fields of positive numbers bring one along.

https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT
"""

from collections.abc import Iterator

from django.db.migrations.operations import AddConstraint, AddField
from django.db.models import CheckConstraint

from ...phases.classify import column_of
from ...states import Level
from ..columns import has_check
from ..finding import Finding
from ..subject import OperationSubject
from ..tables_in_use import OR_ON_BASE, TableInUseRule
from ..wording import is_kind, written


class CheckValidatedAtOnce(TableInUseRule):
    code = "RM204"
    name = "check-validated-at-once"
    level = Level.WARNING
    link = "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT"
    operations = (
        AddConstraint,
        AddField,
    )

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation = subject.operation
        if isinstance(operation, AddConstraint):
            constraint = operation.constraint
            if isinstance(constraint, CheckConstraint) and not is_kind(operation, "AddConstraintNotValid"):
                code = written(constraint, "constraint")
                hint = (
                    f'AddConstraintNotValid("{operation.model_name_lower}", {code}), and in a later migration '
                    f'ValidateConstraint("{operation.model_name_lower}", "{constraint.name}")'
                )
                yield self._finding(subject, constraint.name, hint)
        elif isinstance(operation, AddField) and has_check(operation.field):
            plain = operation.field.get_internal_type().removeprefix("Positive").replace("IntegerField", "Integer")
            hint = (
                f"models.{plain}Field now, and its CheckConstraint by AddConstraintNotValid and, in a later migration, "
                "ValidateConstraint"
            )
            yield self._finding(subject, f"{column_of(operation.name, operation.field)} >= 0", hint)

    def _finding(self, subject: OperationSubject, name: str, hint: str) -> Finding:
        message = f"Every row of {subject.table} is checked for {name}, and nobody can read or write it until then."
        return self.finding(subject, message, hint + OR_ON_BASE)
