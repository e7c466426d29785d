"""
All rows of a table changed in one transaction: they stay locked, and their old versions stay, until it ends.

https://docs.djangoproject.com/en/stable/howto/writing-migrations/#non-atomic-migrations
"""

from collections.abc import Iterator

from django.db.migrations.operations.special import RunPython, RunSQL

from ...operations.record_changes import RecordedPython, RecordedSQL
from ...states import Level
from ..data_code import has_many_rows, in_this_app
from ..finding import Finding
from ..python_code import Write
from ..registry import OperationRule
from ..subject import OperationSubject

CHANGING_ALL = ("update", "delete", "_raw_delete", "aupdate", "adelete")


class NoBatches(OperationRule):
    code = "RM304"
    name = "no-batches"
    level = Level.WARNING
    link = "https://docs.djangoproject.com/en/stable/howto/writing-migrations/#non-atomic-migrations"
    operations = (RunPython, RunSQL, RecordedPython, RecordedSQL)

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        told: set[str] = set()
        for model, method, line in changed_whole(subject):
            if model not in told and has_many_rows(model, subject.migration):
                told.add(model)
                does = "deletes" if "delete" in method.lower() else "changes"
                who = subject.code.name if subject.code else "The SQL"
                message = f"{who} {does} every row of {model} in one transaction: all stay locked until it ends."
                yield self.finding(subject, message, hint_for(model, method, subject), line)


def changed_whole(subject: OperationSubject) -> Iterator[tuple[str, str, int | None]]:
    """Yield the models all of whose rows are changed at once, with the method and its line."""
    for write in subject.code.writes if subject.code else ():
        if write.model is not None and (
            is_of_whole(write) or (loops_over_whole(write) and is_one_transaction(subject))
        ):
            yield write.model, write.method, write.line
    for statement in subject.statements:
        if statement.kind in ("UPDATE", "DELETE") and not statement.has_condition:
            for table in statement.tables:
                if model := subject.model_of_table(table):
                    yield model, statement.kind, None


def is_of_whole(write: Write) -> bool:
    return write.method in CHANGING_ALL and write.of is not None and write.of.is_whole and write.of.kind == "query"


def loops_over_whole(write: Write) -> bool:
    over = write.over
    is_one_of = write.of is not None and write.of.kind == "instance" and over is not None and over.model == write.model
    return over is not None and over.is_whole and is_one_of


def is_one_transaction(subject: OperationSubject) -> bool:
    is_recorded = isinstance(subject.operation, RecordedPython)
    return is_recorded or subject.migration.is_atomic or bool(getattr(subject.operation, "atomic", False))


def hint_for(model: str, method: str, subject: OperationSubject) -> str:
    name = in_this_app(model, subject.migration)
    if "delete" in method.lower():
        batches = f'ops.DeleteRows("{name}")'
    elif "save" in method or method == "bulk_update":  # each row has values of its own
        batches = f'ops.TransformRows("{name}", function, fields=[...])'
    else:
        batches = f'ops.UpdateRows("{name}", {{...}})'
    return f"{batches} in a migration that is not atomic: it works in batches."
