"""
Locks on tables in use that are waited for without an end: everybody else waits behind the migration meanwhile.

https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-LOCK-TIMEOUT
"""

from collections.abc import Iterator

from django.conf import settings
from django.db import connections

from ...states import Level
from ..finding import Finding
from ..registry import MigrationRule
from ..subject import MigrationSubject
from ..tables_in_use import locked_tables


class NoLockTimeout(MigrationRule):
    code = "RM215"
    name = "no-lock-timeout"
    level = Level.INFO
    link = "https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-LOCK-TIMEOUT"

    def check(self, subject: MigrationSubject) -> Iterator[Finding]:
        tables = [table for operation in subject.operations for table in locked_tables(operation)]
        if not tables or subject.is_online or is_set_by(subject) or is_in_settings():
            return
        yield self.finding(
            subject,
            f"It waits for the lock of {tables[0]} as long as it takes, and all queries on it wait behind.",
            "migrations.RunSQL(\"SET LOCAL lock_timeout = '2s'\", migrations.RunSQL.noop) as its first operation; "
            'or "OPTIONS": {"options": "-c lock_timeout=2s"} in DATABASES; or base it on SchemaMigration, which tries '
            "again and says who has the lock.",
        )


def is_set_by(subject: MigrationSubject) -> bool:
    statements = [statement for operation in subject.operations for statement in operation.statements]
    return any("lock_timeout" in statement.text.lower() for statement in statements)


def is_in_settings() -> bool:
    """Return whether the settings limit the wait, as far as there are settings."""
    if not settings.configured:
        return False
    options = [database.get("OPTIONS", {}).get("options") for database in connections.settings.values()]
    has_own = getattr(settings, "ZERO_DOWNTIME_MIGRATIONS_LOCK_TIMEOUT", None)  # of another app that limits it
    return bool(has_own) or any("lock_timeout" in str(each) for each in options)
