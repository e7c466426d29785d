"""
Several tables in use that one transaction locks: all stay locked until the last one is done, and deadlocks may follow.

https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-DEADLOCKS
"""

from collections.abc import Iterator

from ...states import Level
from ..finding import Finding
from ..registry import MigrationRule
from ..subject import MigrationSubject
from ..tables_in_use import locked_tables


class SeveralTablesLocked(MigrationRule):
    code = "RM216"
    name = "several-tables-locked"
    level = Level.WARNING
    link = "https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-DEADLOCKS"

    def check(self, subject: MigrationSubject) -> Iterator[Finding]:
        if not subject.is_atomic:
            return
        tables = list(dict.fromkeys(table for each in subject.operations for table in locked_tables(each)))
        if len(tables) > 1:
            names = f"{', '.join(tables[:-1])} and {tables[-1]}"
            yield self.finding(
                subject,
                f"One transaction locks {names}: each stays locked while it waits for the others, and code that uses "
                "them in another order meets a deadlock.",
                "Write one migration for each table; or atomic = False, if each operation may be done without the "
                "others.",
            )
