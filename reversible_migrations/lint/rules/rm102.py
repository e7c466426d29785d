"""
A ``RunSQL`` without ``reverse_sql``: ``migrate`` stops there on its way back, also inside ``SeparateDatabaseAndState``.

https://docs.djangoproject.com/en/stable/ref/migration-operations/#runsql
"""

from collections.abc import Iterator

from django.db.migrations.operations.special import RunSQL

from ...states import Level
from ..finding import Finding
from ..registry import OperationRule
from ..subject import OperationSubject
from ..wording import recorded_sql


class IrreversibleSQL(OperationRule):
    code = "RM102"
    name = "irreversible-sql"
    level = Level.ERROR
    link = "https://docs.djangoproject.com/en/stable/ref/migration-operations/#runsql"
    operations = (RunSQL,)

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        if subject.operation.reversible or subject.migration.irreversible:
            return
        kinds = ", ".join(dict.fromkeys(statement.kind for statement in subject.statements if statement.kind))
        message = f"RunSQL({kinds or 'made by code'}) has no reverse: this migration cannot be undone."
        changes_rows = any(statement.changes_rows for statement in subject.statements)
        reverse = 'Write what takes it back: migrations.RunSQL(..., reverse_sql="...")'
        yield self.finding(subject, message, recorded_sql(subject) if changes_rows else reverse)
