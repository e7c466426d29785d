"""
Rows, columns or tables that SQL deletes, and that the reverse cannot bring back.

https://www.postgresql.org/docs/current/sql-droptable.html
"""

from collections.abc import Iterator

from django.db.migrations.operations.special import RunPython, RunSQL

from ...operations.record_changes import RecordedPython, RecordedSQL
from ...sql import Statement
from ...states import Level
from ..finding import Finding
from ..registry import OperationRule
from ..subject import OperationSubject

FILLING = ("INSERT", "COPY", "REPLACE", "MERGE")
# Django's own books, and what is made anew by itself.
PASSING = {"django_migrations", "django_session", "django_content_type", "auth_permission"}


class DeletedBySQL(OperationRule):
    code = "RM110"
    name = "deleted-by-sql"
    level = Level.ERROR
    link = "https://www.postgresql.org/docs/current/sql-droptable.html"
    operations = (RunPython, RunSQL, RecordedPython, RecordedSQL)

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        if subject.migration.irreversible:
            return
        kept = kept_tables(subject)
        told: set[str] = set()
        for statement in subject.statements:
            gone = what_goes(statement, subject)
            table = statement.tables[0] if statement.tables else ""
            if gone and gone not in told and table.lower() not in kept:
                told.add(gone)
                yield self.finding(subject, f"{gone}: no reverse brings them back.", hint_for(statement, subject))


def what_goes(statement: Statement, subject: OperationSubject) -> str:
    """Return what a statement deletes, as the beginning of a sentence; "" if that is nothing, or is told by others."""
    names = " and ".join(statement.tables)
    if statement.kind == "DROP TABLE":
        return f"The SQL drops {names} with its rows"
    if statement.dropped_columns:
        return f"The SQL drops {' and '.join(statement.dropped_columns)} of {names} with its values"
    if statement.kind in ("DELETE", "TRUNCATE") and not is_recorded(subject) and subject.reverse_statements:
        return f"The SQL deletes rows of {names}"  # without a reverse, or with one that does nothing: RM101 to RM103
    return ""


def is_recorded(subject: OperationSubject) -> bool:
    return isinstance(subject.operation, RecordedPython | RecordedSQL)


def kept_tables(subject: OperationSubject) -> set[str]:
    """Return tables whose rows do not matter, come from another table, or are put back by the reverse."""
    kept = set(PASSING)
    for each in subject.migration.operations:
        for statement in each.statements:
            if statement.kind == "CREATE TABLE":
                kept.update(map(str.lower, statement.tables))
            elif statement.kind == "ALTER TABLE" and " RENAME TO " in statement.text.upper():
                kept.add(statement.text.split()[-1].strip('"`').lower())
    for statement in subject.reverse_statements:
        if statement.kind in FILLING:
            kept.update(map(str.lower, statement.tables))
    return kept


def hint_for(statement: Statement, subject: OperationSubject) -> str:
    table = statement.tables[0] if statement.tables else "..."
    label = subject.model_of_table(table)
    name = label.rpartition(".")[2] if label else None
    if statement.kind == "DROP TABLE":
        instead = f'ops.RetireModel("{name}")' if name else f"ALTER TABLE {table} RENAME TO {table}_retired"
    elif statement.dropped_columns:
        column = statement.dropped_columns[0]
        of_table = f"ALTER TABLE {table} RENAME COLUMN {column} TO {column}_retired"
        instead = f'ops.RetireField("{name}", "{column}")' if name else of_table
    else:
        instead = f'ops.RecordedSQL(..., models=["{label or "..."}"])'
    return instead
