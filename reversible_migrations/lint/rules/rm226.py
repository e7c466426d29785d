"""
A new generated column that is stored: PostgreSQL writes the whole table anew to compute it.

https://www.postgresql.org/docs/current/ddl-generated-columns.html
"""

from collections.abc import Iterator
from typing import Any

from django.db.migrations.operations import AddField

from ...states import Level
from ..finding import Finding
from ..subject import OperationSubject
from ..tables_in_use import TableInUseRule


class StoredGeneratedColumn(TableInUseRule):
    code = "RM226"
    name = "stored-generated-column"
    level = Level.WARNING
    link = "https://www.postgresql.org/docs/current/ddl-generated-columns.html"
    operations = (AddField,)

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation = subject.operation
        assert isinstance(operation, AddField), "is_about() has seen to it"
        field: Any = operation.field
        if getattr(field, "generated", False) and field.db_persist:
            yield self.finding(
                subject,
                f"{subject.table} is written anew to compute {operation.name}: nobody can read or write it until then.",
                f"A plain column {operation.name}(null=True) that a trigger or save() fills, and ops.UpdateRows for "
                "the "
                f"rows that are there; or an index on the expression, if {operation.name} is only searched for.",
            )
