"""
A reverse that leaves alone what the forward changed: undo says that it is done, and these rows are as they were.

https://docs.djangoproject.com/en/stable/ref/migration-operations/#runpython
"""

from collections.abc import Iterator

from django.db.migrations.operations.special import RunPython, RunSQL
from django.db.migrations.state import ProjectState

from ...sql import Statement
from ...states import Level
from ..data_code import MADE_BY_DJANGO
from ..finding import Finding
from ..python_code import PythonCode
from ..registry import OperationRule
from ..subject import OperationSubject
from ..wording import recorded_python, recorded_sql

MAKING_NONE = {"delete", "_raw_delete", "update", "bulk_update"}
UNKNOWN = "unknown.unknown"  # a relation whose model is computed, read without the project


class OtherReverse(OperationRule):
    code = "RM104"
    name = "other-reverse"
    level = Level.WARNING
    link = "https://docs.djangoproject.com/en/stable/ref/migration-operations/#runpython"
    operations = (RunPython, RunSQL)

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        if subject.migration.irreversible or not subject.operation.reversible:
            return
        left = left_by_code(subject) if isinstance(subject.operation, RunPython) else left_by_sql(subject)
        if left:
            message = f"The reverse does not touch {' and '.join(left)}, which the forward changes: undo leaves that."
            hint = recorded_python(subject.code) if subject.code else recorded_sql(subject)
            yield self.finding(subject, message, hint)
        elif subject.code and (gone := gone_for_good(subject)):
            message = f"The forward deletes rows of {' and '.join(gone)} and the reverse makes none: they stay away."
            yield self.finding(subject, message, recorded_python(subject.code))


def known_code(subject: OperationSubject) -> tuple[PythonCode, PythonCode] | None:
    """Return the forward and the reverse; None where not all of both is known, or the reverse writes nothing."""
    code, reverse = subject.code, subject.reverse_code
    if code is None or reverse is None or not (is_known(code) and is_known(reverse) and reverse.writes):
        return None
    return code, reverse


def gone_for_good(subject: OperationSubject) -> list[str]:
    """Return the models of which the forward deletes rows, where the reverse makes no rows at all."""
    known = known_code(subject)
    if known is None:
        return []
    code, reverse = known
    if not all(write.method.removeprefix("a") in MAKING_NONE for write in reverse.writes):
        return []
    deleted = dict.fromkeys(str(write.model) for write in code.writes if "delete" in write.method)
    passing = subject.migration.made_models | MADE_BY_DJANGO
    return [model for model in deleted if model.lower() not in passing]


def left_by_code(subject: OperationSubject) -> list[str]:
    """Return the models that the forward changes and the reverse does not; none where not all of it is known."""
    known = known_code(subject)
    if known is None:
        return []
    code, reverse = known
    touched = {str(write.model).lower() for write in reverse.writes}
    deleted = {str(write.model).lower() for write in reverse.writes if "delete" in write.method}
    touched |= deleted_with(deleted, subject.before) | subject.migration.made_models | MADE_BY_DJANGO
    return [model for model in code.written_models if model.lower() not in touched]


def is_known(code: PythonCode) -> bool:
    """Return whether every row that a function changes is of a model that is known."""
    is_outside = any(call.takes_models for call in code.outside_calls)
    return code.is_readable and not is_outside and not code.statements and all(write.model for write in code.writes)


def deleted_with(models: set[str], state: ProjectState) -> set[str]:
    """Return ``models`` and those whose rows go, or may go, when rows of these do."""
    found, known = set(models), -1
    while len(found) != known:
        known = len(found)
        for (app_label, name), model in state.models.items():
            if f"{app_label}.{name}" in found:  # the rows of its parents go with those of a model
                found.update(base.lower() for base in model.bases if isinstance(base, str))
            for field in model.fields.values():
                target = getattr(field.remote_field, "model", None)
                if isinstance(target, str) and target.lower() in (*found, UNKNOWN):
                    found.add(f"{app_label}.{name}")
    return found


def left_by_sql(subject: OperationSubject) -> list[str]:
    """Return the tables whose rows the SQL changes, and that its reverse does not name."""
    back = subject.reverse_statements
    if not back or not all(each.is_readable for each in (*back, *subject.statements)):
        return []
    named = " ".join(statement.text for statement in back).lower()
    changed = dict.fromkeys(table for each in subject.statements if is_change(each) for table in each.tables)
    made = {table for each in subject.statements if each.kind == "CREATE TABLE" for table in each.tables}
    return [table for table in changed if table not in made and table.rpartition(".")[2].lower() not in named]


def is_change(statement: Statement) -> bool:
    """Return whether it changes rows that a reverse may put back; what it deletes is RM110's."""
    return statement.changes_rows and statement.kind not in ("DELETE", "TRUNCATE")
