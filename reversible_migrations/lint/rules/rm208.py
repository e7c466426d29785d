"""
A renamed table: the code that runs until the deploy is over asks for the old name, and fails.

https://docs.djangoproject.com/en/stable/ref/migration-operations/#renamemodel
"""

from collections.abc import Iterator
from typing import Any

from django.db.migrations.operations import AlterModelTable, RenameField, RenameModel, RunSQL

from ...states import Level
from ..finding import Finding
from ..subject import OperationSubject
from ..tables_in_use import TableInUseRule, changes_in_sql


class RenamedTable(TableInUseRule):
    code = "RM208"
    name = "renamed-table"
    level = Level.ERROR
    link = "https://docs.djangoproject.com/en/stable/ref/migration-operations/#renamemodel"
    operations = (
        RenameModel,
        AlterModelTable,
        RenameField,
        RunSQL,
    )

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation = subject.operation
        if isinstance(operation, RunSQL):
            for change in changes_in_sql(subject):
                if change.kind == "rename table" and subject.model_of_table(change.table):
                    yield self._finding(subject, change.table, change.name, change.table)
            return
        new = new_table(subject)
        if isinstance(operation, RenameField):
            if new:
                yield self._finding(subject, f"{subject.table}_{operation.old_name}".lower(), new, subject.table)
        elif new and new != subject.table:
            yield self._finding(subject, subject.table, new, subject.table)

    def _finding(self, subject: OperationSubject, old: str, new: str, model_table: str) -> Finding:
        where = "Meta" if old == model_table else "field"
        return self.finding(
            subject,
            f"The code that runs now asks for the table {old}, which is {new} from here on: it fails until the "
            "deploy is over.",
            f'Keep the table: db_table = "{old}" in the {where}, by a migration before this one. Or rename it in '
            "a time "
            "of maintenance.",
        )


def new_table(subject: OperationSubject) -> str:
    """Return the name that the operation gives a table, or ""."""
    operation, options = subject.operation, subject.model.options if subject.model else {}
    if isinstance(operation, RenameModel):
        return str(options.get("db_table") or f"{subject.app_label}_{operation.new_name_lower}")
    if isinstance(operation, AlterModelTable):
        return str(operation.table or f"{subject.app_label}_{operation.name_lower}")
    field: Any = subject.old_field  # of a many-to-many, whose table is named after it
    is_named = field is None or not field.many_to_many or field.db_table or not has_own_table(field)
    return "" if is_named else f"{subject.table}_{getattr(operation, 'new_name', '')}".lower()


def has_own_table(field: Any) -> bool:
    return field.remote_field.through is None
