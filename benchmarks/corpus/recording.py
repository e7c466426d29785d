"""
What each operation of a project's migrations sends to PostgreSQL, and what its schema editor warns about meanwhile.

The migrations are really run, in an empty database: so the names of constraints that Django looks up are known, which
``sqlmigrate`` can only guess at.
"""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from reversible_migrations.lint.order import Key, Links, ordered, walks

CHANGED_TYPE = re.compile(r"ALTER TABLE (?P<table>\S+) .*ALTER COLUMN \S+ TYPE", re.DOTALL)


@dataclass
class Sent:
    """
    A statement or a warning of the operation with this number; 0 is behind all operations.

    ``is_rewriting``: PostgreSQL has written the table of an ``ALTER TABLE`` anew, into another file.
    """

    operation: int
    text: str
    is_rewriting: bool = False


@dataclass
class Run:
    """One migration with what it sent."""

    migration: Migration
    statements: list[Sent] = field(default_factory=list)
    warnings: list[Sent] = field(default_factory=list)

    @property
    def script(self) -> list[Sent]:
        """Return the statements in their transaction, line by line, as ``sqlmigrate`` shows them."""
        lines = [
            Sent(each.operation, line, each.is_rewriting)
            for each in self.statements
            for line in f"{each.text};".splitlines()
        ]
        is_one = bool(lines) and self.migration.atomic
        return [Sent(0, "BEGIN;"), *lines, Sent(0, "COMMIT;")] if is_one else lines


class Deferred(list[Any]):
    """Statements for the end of a migration, which remember their operation."""

    def __init__(self, recorder: "Recorder"):
        super().__init__()
        self.recorder = recorder
        self.origins: list[tuple[Any, int]] = []

    def append(self, statement: Any) -> None:
        self.origins.append((statement, self.recorder.operation))
        super().append(statement)

    def extend(self, statements: Any) -> None:
        for statement in statements:
            self.append(statement)

    def origin_of(self, statement: Any) -> int | None:
        return next((operation for known, operation in self.origins if known is statement), None)


class Recorder:
    """Knows which operation is being run; schema editors write down there what they send."""

    def __init__(self) -> None:
        self.operation = 0
        self.run: Run | None = None

    def warn(self, message: Any, *_: Any, **__: Any) -> None:
        if self.run is not None and "UnsafeOperation" in type(message).__name__:
            self.run.warnings.append(Sent(self.operation, str(message).splitlines()[0]))


def recording(editor: type, recorder: Recorder) -> type:
    """Return a schema editor that does the same and is written down."""

    class Recording(editor):  # type: ignore[misc]
        def __enter__(self) -> Any:
            entered = super().__enter__()
            self.deferred_sql = Deferred(recorder)
            return entered

        def execute(self, sql: Any, params: Any = ()) -> Any:
            origin = self.deferred_sql.origin_of(sql)
            text = text_of(sql) % tuple(map(self.quote_value, params)) if params else text_of(sql)
            sent = Sent(recorder.operation if origin is None else origin, text.strip().rstrip(";"))
            if recorder.run is not None:
                recorder.run.statements.append(sent)
            before = file_of_table(sent.text)
            done = super().execute(sql, params)
            sent.is_rewriting = file_of_table(sent.text) != before
            return done

    return Recording


def file_of_table(text: str) -> int | None:
    """Return the number of the file in which PostgreSQL keeps the table of a change of a type; None for others."""
    table = CHANGED_TYPE.search(text)
    if table is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_filenode(%s::regclass)", [table["table"]])
        return int(cursor.fetchone()[0])


def runs() -> Iterator[Run]:
    """Run all migrations in an empty database, and yield each with what it sent; the squashed ones, then the others."""
    recorder = Recorder()
    connection.SchemaEditorClass = recording(connection.SchemaEditorClass, recorder)
    loader = MigrationLoader(connection, replace_migrations=False)
    links = {key: links_of(migration) for key, migration in loader.disk_migrations.items()}
    seen: set[Key] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = recorder.warn
        for chosen in walks(links):
            empty()
            state = ProjectState(real_apps=loader.unmigrated_apps)
            for key in ordered(links, chosen).keys:
                run, state = run_once(loader.disk_migrations[key], state, recorder)
                if key not in seen:
                    yield run
            seen |= chosen


def empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")


def links_of(migration: Migration) -> Links:
    return Links(tuple(migration.dependencies), tuple(migration.run_before), tuple(migration.replaces))


def run_once(migration: Migration, state: ProjectState, recorder: Recorder) -> tuple[Run, ProjectState]:
    recorder.run = Run(migration)
    for number, operation in enumerate(migration.operations, start=1):
        own = type(operation).database_forwards
        operation.database_forwards = partial(forwards, own, operation, recorder, number)
    with connection.schema_editor(atomic=migration.atomic) as editor:
        state = migration.apply(state, editor)
    done, recorder.run, recorder.operation = recorder.run, None, 0
    return done, state


def forwards(own: Any, operation: Any, recorder: Recorder, number: int, *given: Any, **named: Any) -> None:
    recorder.operation = number
    own(operation, *given, **named)


def text_of(sql: Any) -> str:
    """Return a statement as a text; the backend of django-pg-zero-downtime-migrations has lists of them."""
    if isinstance(sql, list):
        return "; ".join(map(text_of, sql))
    found = type(sql).__str__(sql)
    return found if isinstance(found, str) else text_of(found)
