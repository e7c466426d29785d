"""
A reverse that does nothing behind a forward that changes rows: undo says that it is done, and nothing is as before.

https://docs.djangoproject.com/en/stable/ref/migration-operations/#django.db.migrations.operations.RunPython.noop
"""

from collections.abc import Iterator

from django.db.migrations.operations.special import RunPython, RunSQL

from ...sql import statements_of
from ...states import Level
from ..finding import Finding
from ..python_code import PythonCode
from ..registry import OperationRule
from ..subject import OperationSubject
from ..wording import recorded_python, recorded_sql


class NoopReverse(OperationRule):
    code = "RM103"
    name = "noop-reverse"
    level = Level.WARNING
    link = (
        "https://docs.djangoproject.com/en/stable/ref/migration-operations/"
        "#django.db.migrations.operations.RunPython.noop"
    )
    operations = (RunPython, RunSQL)

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        if subject.migration.irreversible or not subject.operation.reversible:
            return
        code, reverse = subject.code, subject.reverse_code
        if code is not None and reverse is not None:
            if code.may_change_rows and reverse.is_readable and not reverse.may_change_rows:
                does = "changes rows" if code.changes_rows else "may change rows"
                left = "leaves the new values in place"
                if code.changes_rows and only_deletes(code):
                    does, left = "deletes rows", "does not bring them back"
                message = f"{code.name} {does} and its reverse does nothing: undo {left}."
                yield self.finding(subject, message, recorded_python(code))
        elif isinstance(subject.operation, RunSQL) and not statements_of(subject.operation.reverse_sql):
            kinds = {statement.kind for statement in subject.statements if statement.changes_rows}
            message = "The SQL changes rows and its reverse does nothing: undo leaves the new values in place."
            if kinds == {"DELETE"}:
                message = "The SQL deletes rows and its reverse does nothing: undo does not bring them back."
            if kinds:
                yield self.finding(subject, message, recorded_sql(subject))


def only_deletes(code: PythonCode) -> bool:
    methods = [write.method.lower() for write in code.writes]
    kinds = [statement.kind for statement in code.statements if statement.changes_rows]
    return all("delete" in method for method in methods) and all(kind == "DELETE" for kind in kinds)
