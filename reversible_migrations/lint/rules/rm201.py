"""
An index that is built while nobody may write to its table.

https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
"""

from collections.abc import Iterator

from django.db.migrations.operations.models import AddIndex, AlterIndexTogether

from ...states import Level
from ..finding import Finding
from ..registry import OperationRule
from ..subject import OperationSubject
from ..tables_in_use import together
from ..wording import is_kind, written

LONGEST = 30  # characters that Django allows the name of an index


class IndexNotConcurrent(OperationRule):
    code = "RM201"
    name = "index-not-concurrent"
    level = Level.WARNING
    link = "https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY"
    operations = (AddIndex, AlterIndexTogether)

    def is_about(self, subject: OperationSubject) -> bool:
        # By its name: its module can be imported where psycopg is installed only.
        is_concurrent = is_kind(subject.operation, "AddIndexConcurrently")
        return super().is_about(subject) and not is_concurrent and subject.is_table_in_use

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation = subject.operation
        if isinstance(operation, AlterIndexTogether):
            for names in together(subject)[0]:
                name = f"{subject.table}_{'_'.join(names)}"[:LONGEST]
                index = f"models.Index(fields={list(names)!r}, name={name!r})"
                yield self._finding(subject, f"the index on {', '.join(names)}", operation.name_lower, index)
        elif isinstance(operation, AddIndex):
            index = written(operation.index, "index")
            yield self._finding(subject, operation.index.name, operation.model_name_lower, index)

    def _finding(self, subject: OperationSubject, name: str, model: str, index: str) -> Finding:
        return self.finding(
            subject,
            f"Building {name} blocks writes to {subject.table}.",
            f'AddIndexConcurrently("{model}", {index}) in a migration with atomic = False; '
            "or base the migration on SchemaMigration, which builds it so by itself.",
        )
