"""
``elidable=True`` on what new databases need, or on what undo needs: ``squashmigrations`` leaves it out.

A change of rows that were there is rightly left out, since a new database has none.

https://docs.djangoproject.com/en/stable/ref/migration-operations/#django.db.migrations.operations.Operation.elidable
"""

from collections.abc import Iterator

from django.db.migrations.operations.base import Operation

from ...operations.base import ReversibleOperation
from ...sql import Statement
from ...states import Level
from ..data_code import MADE_BY_DJANGO
from ..finding import Finding
from ..python_code import Write
from ..registry import OperationRule
from ..subject import OperationSubject
from ..wording import described

CREATING = {"create", "bulk_create", "get_or_create", "update_or_create", "acreate", "abulk_create"}
OF_SCHEMA = ("CREATE ", "ALTER ", "DROP ")


class ElidedWork(OperationRule):
    code = "RM108"
    name = "elided-work"
    level = Level.WARNING
    link = (
        "https://docs.djangoproject.com/en/stable/ref/migration-operations/"
        "#django.db.migrations.operations.Operation.elidable"
    )
    operations = (Operation,)

    def is_about(self, subject: OperationSubject) -> bool:
        return super().is_about(subject) and getattr(subject.operation, "elidable", False) is True

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        what = described(subject.operation)
        if isinstance(subject.operation, ReversibleOperation):
            message = f"Squashing leaves out {what}: undo then has no use for what it has written down."
            yield self.finding(subject, message, "Take elidable out until every database has run it for good.")
        elif made := what_it_makes(subject):
            kind = type(subject.operation).__name__
            name = subject.code.name if subject.code else "..."
            message = f"Squashing leaves out this {kind}, which makes {made}: new databases never get that."
            yield self.finding(subject, message, f"migrations.{kind}({name}, ...) without elidable=True")


def what_it_makes(subject: OperationSubject) -> str:
    """Return what an empty database gets by the operation, in words; "" if it gets nothing that is known."""
    for statement in subject.statements:
        if statement.kind.startswith(OF_SCHEMA):
            return f"a change of the schema ({statement.kind})"
        if is_insert_of_values(statement):
            return f"rows of {statement.tables[0]}"
    made = [write.model for write in subject.code.writes if is_creation(write)] if subject.code else []
    return next((f"rows of {model}" for model in made if model and model.lower() not in MADE_BY_DJANGO), "")


def is_creation(write: Write) -> bool:
    """Return whether it makes rows where there are none: in a loop over rows it does not."""
    return write.method in CREATING and write.over is None


def is_insert_of_values(statement: Statement) -> bool:
    is_of_values = statement.kind == "INSERT" and "SELECT" not in statement.text.upper()
    return is_of_values and bool(statement.tables)
