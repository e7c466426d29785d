"""
``db_index=True`` on a table in use: Django builds the index while nobody may write to it.

That of a new foreign key with a constraint is told by RM205.

https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
"""

from collections.abc import Iterator

from django.db.migrations.operations import AddField, AlterField

from ...phases.classify import column_of
from ...states import Level
from ..columns import has_column, has_own_index
from ..finding import Finding
from ..subject import OperationSubject
from ..tables_in_use import OR_ON_BASE, TableInUseRule, referred_table


class FieldIndexAtOnce(TableInUseRule):
    code = "RM224"
    name = "field-index-at-once"
    level = Level.WARNING
    link = "https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY"
    operations = (
        AddField,
        AlterField,
    )

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation = subject.operation
        if isinstance(operation, AddField):
            is_built = has_column(operation.field) and has_own_index(operation.field)
            if not is_built or referred_table(subject, operation.field) is not None:
                return
        else:
            fields = subject.altered
            if not fields or not has_own_index(fields[1]) or has_own_index(fields[0]):
                return
        assert isinstance(operation, AddField | AlterField), "is_about() has seen to it"
        model, name = operation.model_name_lower, operation.name
        column = column_of(name, operation.field)
        without = f'{type(operation).__name__}("{model}", "{name}", ...(db_index=False))'
        index = f"models.Index(fields=['{name}'], name='{f'{subject.table}_{column}'[:30]}')"
        yield self.finding(
            subject,
            f"Building the index of {column} blocks writes to {subject.table}.",
            f'{without}, and AddIndexConcurrently("{model}", {index}) in a migration with atomic = False{OR_ON_BASE}',
        )
