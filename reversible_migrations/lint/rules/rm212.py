"""
An exclusion constraint: PostgreSQL has no way to build its index but while nobody may read or write the table.

https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-EXCLUDE
"""

from collections.abc import Iterator
from typing import Any

from django.db.migrations.operations import AddConstraint

from ...states import Level
from ..finding import Finding
from ..subject import OperationSubject
from ..tables_in_use import TableInUseRule


class ExclusionAtOnce(TableInUseRule):
    code = "RM212"
    name = "exclusion-constraint"
    level = Level.WARNING
    link = "https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-EXCLUDE"
    operations = (AddConstraint,)

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation = subject.operation
        assert isinstance(operation, AddConstraint), "is_about() has seen to it"
        constraint: Any = operation.constraint  # its module can be imported where psycopg is installed only
        kinds = [kind.__name__ for kind in type(constraint).__mro__]
        if "ExclusionConstraint" in kinds or getattr(constraint, "stands_for", "").endswith("ExclusionConstraint"):
            yield self.finding(
                subject,
                f"Building {constraint.name} blocks reads and writes of {subject.table}, and cannot be done "
                "concurrently.",
                f"Add {constraint.name} while {subject.table} is small, or in a time of maintenance; or make a new "
                "table "
                "with it and copy the rows.",
            )
