"""
A ``RunPython`` without a reverse: ``migrate`` stops there on its way back, also inside ``SeparateDatabaseAndState``.

https://docs.djangoproject.com/en/stable/ref/migration-operations/#runpython
"""

from collections.abc import Iterator

from django.db.migrations.operations.special import RunPython

from ...states import Level
from ..finding import Finding
from ..registry import OperationRule
from ..subject import OperationSubject
from ..wording import recorded_python


class IrreversiblePython(OperationRule):
    code = "RM101"
    name = "irreversible-python"
    level = Level.ERROR
    link = "https://docs.djangoproject.com/en/stable/ref/migration-operations/#runpython"
    operations = (RunPython,)

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        code = subject.code
        if subject.operation.reversible or subject.migration.irreversible or code is None:
            return
        nested = " It is nested, so Django notices only in the middle of the way back." if subject.parents else ""
        message = f"RunPython({code.name}) has no reverse: this migration cannot be undone.{nested}"
        if code.may_change_rows:
            yield self.finding(subject, message, recorded_python(code))
        else:
            hint = f"It changes no rows, so: migrations.RunPython({code.name}, migrations.RunPython.noop)"
            yield self.finding(subject, message, hint)
