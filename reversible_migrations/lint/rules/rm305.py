"""
Schema and rows changed in one transaction: a lock on the table held as long as the rows take, or an error.

PostgreSQL refuses to alter a table that has "pending trigger events": rows changed before, with deferred foreign keys.

https://docs.djangoproject.com/en/stable/ref/migration-operations/#runpython
"""

from collections.abc import Iterator

from django.db.migrations.operations.special import RunPython, RunSQL

from ...states import Level
from ..finding import Finding
from ..registry import MigrationRule
from ..subject import MigrationSubject, OperationSubject
from ..tables_in_use import locked_tables
from ..wording import described


class SchemaAndRows(MigrationRule):
    code = "RM305"
    name = "schema-and-rows"
    level = Level.WARNING
    link = "https://docs.djangoproject.com/en/stable/ref/migration-operations/#runpython"

    def check(self, subject: MigrationSubject) -> Iterator[Finding]:
        if not subject.is_atomic:
            return
        schema: OperationSubject | None = None
        data: OperationSubject | None = None
        for each in subject.operations:
            if changes_rows(each):
                data = data or each
            elif locked_tables(each):
                schema = schema or each
            if schema is not None and data is not None:
                yield self._finding(each, schema, data)
                return

    def _finding(self, last: OperationSubject, schema: OperationSubject, data: OperationSubject) -> Finding:
        change, rows = described(schema.operation), data.code.name if data.code else "the SQL"
        table = locked_tables(schema)[0]
        if last is schema:
            message = (
                f"{change} follows {rows} in one transaction: PostgreSQL refuses it if rows of {table} have "
                '"pending trigger events" of foreign keys, and else keeps all that were changed locked.'
            )
        else:
            message = f"{change} locks {table}, and the lock is held until {rows} has changed all its rows."
        return self.finding(last, message, f"Move {rows} to a migration of its own.")


def changes_rows(subject: OperationSubject) -> bool:
    if not isinstance(subject.operation, RunPython | RunSQL) or not subject.is_on_database:
        return False
    is_known = any(statement.changes_rows for statement in subject.statements)
    return is_known or (subject.code is not None and subject.code.may_change_rows)
