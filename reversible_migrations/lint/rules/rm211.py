"""
A column or table that goes away while the code that runs still asks for it.

Django names all columns of its model in each query, also those that nobody reads.

https://docs.djangoproject.com/en/stable/ref/migration-operations/#removefield
"""

from collections.abc import Iterator
from typing import Any

from django.db.migrations.operations import DeleteModel, RemoveField, RunSQL

from ...phases.classify import column_of
from ...states import Level
from ..columns import goes_from_database
from ..finding import Finding
from ..subject import OperationSubject
from ..tables_in_use import TableInUseRule, changes_in_sql, knows_column, table_of_many_to_many

NOT_NULL = " (a NOT NULL column needs a db_default before it)"


class DroppedInUse(TableInUseRule):
    code = "RM211"
    name = "dropped-in-use"
    level = Level.WARNING
    link = "https://docs.djangoproject.com/en/stable/ref/migration-operations/#removefield"
    operations = (
        RemoveField,
        DeleteModel,
        RunSQL,
    )

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation = subject.operation
        field: Any = subject.old_field
        if isinstance(operation, RunSQL):
            yield from self._of_sql(subject)
        elif isinstance(operation, DeleteModel):
            yield self._finding(subject, f"the table {subject.table}", f'DeleteModel("{operation.name}")')
        elif isinstance(operation, RemoveField) and goes_from_database(field):
            code = f'RemoveField("{operation.model_name_lower}", "{operation.name}")'
            if field is not None and field.many_to_many:
                yield self._finding(subject, f"the table {table_of_many_to_many(subject)}", code)
            else:
                column = operation.name if field is None else column_of(operation.name, field)
                takes_null = field is not None and field.null
                yield self._finding(subject, f"{subject.table}.{column}", code, "" if takes_null else NOT_NULL)

    def _of_sql(self, subject: OperationSubject) -> Iterator[Finding]:
        for change in changes_in_sql(subject):
            if change.kind == "drop column" and knows_column(subject, change.table, change.name):
                yield self._finding(subject, f"{change.table}.{change.name}", "RemoveField(...)", NOT_NULL)
            elif change.kind == "drop table" and (model := subject.model_of_table(change.table)):
                name = model.rpartition(".")[2]
                yield self._finding(subject, f"the table {change.table}", f'DeleteModel("{name}")')

    def _finding(self, subject: OperationSubject, what: str, code: str, but: str = "") -> Finding:
        return self.finding(
            subject,
            f"The code that runs now still asks for {what}: its queries fail until the deploy is over.",
            f"SeparateDatabaseAndState(state_operations=[{code}]) in this release{but}, and the drop in "
            f"the next one; or cleanup = [{code}] of a ZeroDowntimeMigration.",
        )
