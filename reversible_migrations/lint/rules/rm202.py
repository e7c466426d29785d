"""
A new NOT NULL column for which the database has no value: code that does not know it cannot insert rows any more.

Django's ``default`` is Python's: it fills the rows that are there, and is then dropped from the database.

https://docs.djangoproject.com/en/stable/ref/models/fields/#db-default
"""

from collections.abc import Iterator
from typing import Any

from django.db.migrations.operations.fields import AddField
from django.db.models import NOT_PROVIDED, AutoField

from ...phases.classify import column_of
from ...states import Level
from ..finding import Finding
from ..registry import OperationRule
from ..subject import OperationSubject


class AddedNotNull(OperationRule):
    code = "RM202"
    name = "added-not-null"
    level = Level.ERROR
    link = "https://docs.djangoproject.com/en/stable/ref/models/fields/#db-default"
    operations = (AddField,)

    def is_about(self, subject: OperationSubject) -> bool:
        return super().is_about(subject) and subject.is_table_in_use

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation = subject.operation
        assert isinstance(operation, AddField), "is_about() has seen to it"
        if has_value(operation.field):
            return
        column = column_of(operation.name, operation.field)
        message = (
            f"{subject.table}.{column} may not be NULL, and the database has no default for it: "
            "inserts of the code that runs now fail."
        )
        yield self.finding(subject, message, self._hint(operation))

    def _hint(self, operation: AddField) -> str:
        default = operation.field.default
        if is_empty_text(operation.field):
            return "Let the database have it: db_default=''."
        if default is not NOT_PROVIDED and isinstance(default, str | int | float | bool):
            return f"Let the database have it: db_default={default!r} instead of default={default!r}."
        model, name = operation.model_name_lower, operation.name
        return (
            f'AddField("{model}", "{name}", ...(null=True)) now, fill it with ops.UpdateRows, and '
            f'AlterField("{model}", "{name}", ...) to NOT NULL once the new code runs everywhere.'
        )


def is_empty_text(field: Any) -> bool:
    """Return whether Django gives the rows that are there an empty text, for want of a default."""
    has_text = not field.is_relation and not hasattr(field, "stands_for") and field.empty_strings_allowed
    is_plain = field.get_internal_type() in ("CharField", "TextField", "SlugField", "FileField")
    return bool(has_text and is_plain and field.blank and field.default is NOT_PROVIDED)


def has_value(field: Any) -> bool:
    """Return whether a row gets a value in the column from code that does not name it, or there is no column."""
    if getattr(field, "stands_for", "").endswith(("Manager", "ManyToManyField")):  # read from source: no column
        return True
    is_filled = field.null or field.has_db_default() or isinstance(field, AutoField)
    return bool(is_filled or field.many_to_many or getattr(field, "generated", False))
