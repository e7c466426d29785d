"""
A value added to an enum type in a transaction: nothing may use it before the transaction is over.

https://www.postgresql.org/docs/current/sql-altertype.html#SQL-ALTERTYPE-NOTES
"""

from collections.abc import Iterator

from django.db.migrations.operations import RunPython, RunSQL

from ...sql import words_of
from ...states import Level
from ..finding import Finding
from ..registry import OperationRule
from ..subject import OperationSubject


class EnumValueInTransaction(OperationRule):
    code = "RM214"
    name = "enum-value-in-transaction"
    level = Level.WARNING
    link = "https://www.postgresql.org/docs/current/sql-altertype.html#SQL-ALTERTYPE-NOTES"
    operations = (
        RunSQL,
        RunPython,
    )

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        if not subject.migration.is_atomic:
            return
        for statement in subject.statements:
            words = words_of(statement.text)
            capitals = [word.upper() for word in words]
            if statement.kind == "ALTER TYPE" and capitals[3:5] == ["ADD", "VALUE"]:
                yield self.finding(
                    subject,
                    f"The new value of {words[2]} cannot be used before this migration is committed: what stores it in "
                    "the same migration fails.",
                    "Leave it alone in a migration of its own with atomic = False.",
                )
