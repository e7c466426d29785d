"""
An operation that comes before its phase: code that runs between the phases meets a schema that it cannot work with.

What adds belongs to prepare, rows to migrate_data, what tightens or renames to switch, what takes away to cleanup. What
is added later than that is told by RM404.

https://docs.djangoproject.com/en/stable/howto/writing-migrations/
"""

from collections.abc import Iterator

from django.db.migrations.operations.base import Operation

from ...authoring.written_steps import WrittenSteps
from ...states import Level, Phase
from ..finding import Finding
from ..registry import OperationRule
from ..subject import OperationSubject
from ..wording import described

HARM = {
    Phase.MIGRATE_DATA: "it changes rows before everything that they need is prepared",
    Phase.SWITCH: "it refuses what the code that runs now still writes or reads",
    Phase.CLEANUP: "it takes away what the code that runs now still uses",
}


class TooEarlyPhase(OperationRule):
    code = "RM401"
    name = "too-early-phase"
    level = Level.ERROR
    link = "https://docs.djangoproject.com/en/stable/howto/writing-migrations/"
    operations = (Operation,)

    def is_about(self, subject: OperationSubject) -> bool:
        is_told = not isinstance(subject.operation, WrittenSteps)  # a method may do anything
        return super().is_about(subject) and subject.phase is not None and is_told and not subject.is_new_table

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        given, due = subject.phase, max(filter(None, subject.due), default=None)
        if given is not None and due is not None and given < due:
            message = f"{described(subject.operation)} stands in {given.label}: {HARM[due]}."
            yield self.finding(subject, message, f"Move it to `{due.label}`.")
