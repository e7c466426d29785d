"""
A renamed column: the code that runs until the deploy is over asks for the old name, and fails.

https://docs.djangoproject.com/en/stable/ref/migration-operations/#renamefield
"""

from collections.abc import Iterator

from django.db.migrations.operations import AlterField, RenameField, RunSQL

from ...phases.classify import column_of
from ...states import Level
from ..columns import has_column
from ..finding import Finding
from ..subject import OperationSubject
from ..tables_in_use import TableInUseRule, changes_in_sql, knows_column


class RenamedColumn(TableInUseRule):
    code = "RM207"
    name = "renamed-column"
    level = Level.ERROR
    link = "https://docs.djangoproject.com/en/stable/ref/migration-operations/#renamefield"
    operations = (
        RenameField,
        AlterField,
        RunSQL,
    )

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        for old, new, table in self._renamed(subject):
            code = getattr(subject.operation, "old_name", getattr(subject.operation, "name", old))
            other = new if new != code else "another field"
            yield self.finding(
                subject,
                f"The code that runs now asks {table} for {old}, which is {new} from here on: it fails until the "
                "deploy is over.",
                f"{kept(subject, old)}dd {other} beside {code}, fill it with ops.UpdateRows, and take {old} away once "
                "no code uses it.",
            )

    def _renamed(self, subject: OperationSubject) -> Iterator[tuple[str, str, str]]:
        operation, field = subject.operation, subject.old_field
        if isinstance(operation, RunSQL):
            for change in changes_in_sql(subject):
                if change.kind == "rename column" and knows_column(subject, change.table, change.name):
                    yield change.name, "".join(change.words), change.table
        elif field is None or not has_column(field):
            return
        elif isinstance(operation, RenameField):
            if not field.db_column:
                yield (
                    column_of(operation.old_name, field),
                    column_of(operation.new_name, field),
                    subject.table,
                )
        elif (fields := subject.altered) and isinstance(operation, AlterField):
            old, new = (column_of(operation.name, each) for each in fields)
            if old != new:
                yield old, new, subject.table


def kept(subject: OperationSubject, column: str) -> str:
    """Return how the new name of a field goes with the old one of its column, as the beginning of a hint."""
    operation = subject.operation
    if isinstance(operation, RenameField):
        first = f'AlterField("{operation.model_name_lower}", "{operation.old_name}", ...(db_column="{column}"))'
        return f"Keep the column: {first} before this RenameField. Or a"
    return f'Keep the column: db_column="{column}" in the field. Or a'
