"""
An index that is to be built concurrently on a partitioned table, which PostgreSQL refuses.

https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
"""

from collections.abc import Iterator

from django.db.migrations.operations import AddIndex, RunSQL

from ...states import Level
from ..finding import Finding
from ..registry import OperationRule
from ..subject import OperationSubject
from ..wording import is_kind


class IndexOnPartitionedTable(OperationRule):
    code = "RM213"
    name = "index-on-partitioned-table"
    level = Level.ERROR
    link = "https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY"
    operations = (
        AddIndex,
        RunSQL,
    )

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation = subject.operation
        if isinstance(operation, AddIndex):
            is_concurrent = is_kind(operation, "AddIndexConcurrently") or subject.migration.is_online
            if is_concurrent and subject.table in plain(subject):
                yield self._finding(subject, subject.table, operation.index.name)
        for statement in subject.statements:
            if statement.kind == "CREATE INDEX" and statement.is_concurrent and "`" not in statement.text:
                for table in statement.tables:
                    if table.rpartition(".")[2] in plain(subject):
                        yield self._finding(subject, table, "the index")

    def _finding(self, subject: OperationSubject, table: str, name: str) -> Finding:
        return self.finding(
            subject,
            f"{table} is partitioned: PostgreSQL refuses to build {name} on it concurrently, and the migration fails.",
            f"CREATE INDEX ... ON ONLY {table}, then CREATE INDEX CONCURRENTLY on each partition and ALTER INDEX ... "
            "ATTACH PARTITION.",
        )


def plain(subject: OperationSubject) -> set[str]:
    """Return the partitioned tables without their schemas."""
    return {table.rpartition(".")[2] for table in subject.partitioned}
