"""
An index that is built while nobody may write to its table.

https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
"""

from collections.abc import Iterator

from django.db.migrations.operations.models import AddIndex

from ...states import Level
from ..finding import Finding
from ..registry import OperationRule
from ..subject import OperationSubject
from ..wording import is_kind, written


class IndexNotConcurrent(OperationRule):
    code = "RM201"
    name = "index-not-concurrent"
    level = Level.WARNING
    link = "https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY"
    operations = (AddIndex,)

    def is_about(self, subject: OperationSubject) -> bool:
        # By its name: its module can be imported where psycopg is installed only.
        is_concurrent = is_kind(subject.operation, "AddIndexConcurrently")
        return super().is_about(subject) and not is_concurrent and subject.is_table_in_use

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation = subject.operation
        assert isinstance(operation, AddIndex), "is_about() has seen to it"
        index = written(operation.index, "index")
        yield self.finding(
            subject,
            f"Building {operation.index.name} blocks writes to {subject.table}.",
            f'AddIndexConcurrently("{operation.model_name_lower}", {index}) in a migration with atomic = False; '
            "or base the migration on SchemaMigration, which builds it so by itself.",
        )
