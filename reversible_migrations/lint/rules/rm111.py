"""
Any other operation that says of itself that it cannot be undone, of a package or of the project's own.

https://docs.djangoproject.com/en/stable/ref/migration-operations/#writing-your-own
"""

from collections.abc import Iterator

from django.db.migrations import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.special import RunPython, RunSQL

from ...authoring.load_controlled import LoadControlledMigration
from ...authoring.written_steps import WrittenSteps
from ...states import Level
from ..finding import Finding
from ..registry import OperationRule
from ..subject import OperationSubject
from ..wording import described


class IrreversibleOperation(OperationRule):
    code = "RM111"
    name = "irreversible-operation"
    level = Level.ERROR
    link = "https://docs.djangoproject.com/en/stable/ref/migration-operations/#writing-your-own"
    operations = (Operation,)

    def is_about(self, subject: OperationSubject) -> bool:
        is_told = isinstance(subject.operation, RunPython | RunSQL)  # by RM101 and RM102
        return super().is_about(subject) and not is_told and not subject.migration.irreversible

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation, migration = subject.operation, subject.migration.migration
        if not operation.reversible:
            nested = " It is nested, so Django notices only in the middle of the way back." if subject.parents else ""
            kind = type(operation).__name__
            message = f"{described(operation)}: {kind} has no reverse, so this migration cannot be undone.{nested}"
            yield self.finding(subject, message, f"Write database_backwards() of {kind}, and let reversible be True.")
        elif isinstance(operation, WrittenSteps) and lacks_backwards(migration):
            message = "The migration has forwards() and no backwards(): it is refused."
            yield self.finding(subject, message, "def backwards(self, apps, batches): ...")


def lacks_backwards(migration: Migration | None) -> bool:
    return isinstance(migration, LoadControlledMigration) and not migration.has_reverse()
