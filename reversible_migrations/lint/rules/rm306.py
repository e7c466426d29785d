"""
A query that names no database: with several, the migration of one changes the rows of another.

A project with one database has no other. Files that are read without settings may be of any project.

https://docs.djangoproject.com/en/stable/howto/writing-migrations/#data-migrations-and-multiple-databases
"""

from collections.abc import Iterator

from django.db import connections

from ...states import Level
from ..data_code import functions, is_of_ours
from ..finding import Finding
from ..python_code import PythonCode
from ..python_values import INSTANCE, MODEL, Value
from ..registry import MigrationRule
from ..subject import MigrationSubject


class AliasMissing(MigrationRule):
    code = "RM306"
    name = "alias-missing"
    level = Level.INFO
    link = "https://docs.djangoproject.com/en/stable/howto/writing-migrations/#data-migrations-and-multiple-databases"

    def check(self, subject: MigrationSubject) -> Iterator[Finding]:
        if has_one_database():
            return
        for operation, code in functions(subject, backwards=True):
            # Code that asks for the alias itself knows what it does; query sets of a patch run on its database.
            found = None if code.aliases or is_of_ours(operation) else first_without_alias(code)
            if found is not None:
                model, line = found
                message = f"{code.name} reads or writes {model} without naming the database: it is always the default."
                name = model.rpartition(".")[2]
                hint = f"{name}.objects.using(schema_editor.connection.alias)"
                yield self.finding(operation, message, hint, line)


def has_one_database() -> bool:
    """Return whether the settings have one database; without settings Django has a dummy."""
    engines = [database["ENGINE"] for database in connections.settings.values()]
    return len(engines) == 1 and engines[0] != "django.db.backends.dummy"


def first_without_alias(code: PythonCode) -> tuple[str, int] | None:
    """Return the model and line of the first call that goes to the default database; None where none is known."""
    reads = [(query.line, query.of) for query in code.queries]
    writes = [(write.line, write.of) for write in code.writes if not write.has_alias]
    found = [(of.model, line) for line, of in (*reads, *writes) if of is not None and goes_to_default(of)]
    return min(((str(model), line) for model, line in found), key=lambda each: each[1], default=None)


def goes_to_default(of: Value) -> bool:
    is_made = of.kind == INSTANCE and set(of.calls) == {"get_model"}
    is_queried = of.kind != INSTANCE and of.kind != MODEL
    return of.is_historical and of.model is not None and not of.has_alias and (is_made or is_queried)
