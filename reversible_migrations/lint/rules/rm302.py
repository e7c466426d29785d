"""
A query set without ``iterator()``, over all rows: Django keeps every row that it has read in memory.

https://docs.djangoproject.com/en/stable/ref/models/querysets/#iterator
"""

from collections.abc import Iterator

from ...states import Level
from ..data_code import functions, has_many_rows
from ..finding import Finding
from ..python_code import Query
from ..python_values import QUERY
from ..registry import MigrationRule
from ..subject import MigrationSubject

LOADING = ("for", "list", "tuple", "set", "sorted", "len")


class TableInMemory(MigrationRule):
    code = "RM302"
    name = "table-in-memory"
    level = Level.WARNING
    link = "https://docs.djangoproject.com/en/stable/ref/models/querysets/#iterator"

    def check(self, subject: MigrationSubject) -> Iterator[Finding]:
        for operation, code in functions(subject):
            told: set[str | None] = set()
            for query in code.queries:
                if loads_all(query) and has_many_rows(query.model, subject) and query.model not in told:
                    told.add(query.model)
                    model = str(query.model).rpartition(".")[2]
                    is_plain = set(query.of.calls) <= {"get_model", "objects", "all", "iterator"}
                    message = f"{code.name} loads every row of {query.model} into memory at once."
                    call = "count()" if query.method == "len" else "iterator(chunk_size=2000)"
                    hint = f"{model}.objects.{call}" if is_plain else f".{call} at the end of the query of {model}"
                    yield self.finding(operation, message, hint, query.line)


def loads_all(query: Query) -> bool:
    is_streamed = query.method == "for" and "iterator" in query.of.calls
    return query.method in LOADING and query.of.kind == QUERY and query.of.is_whole and not is_streamed
