"""
``save()`` or ``create()`` for each row of a query: one statement and one round trip per row.

https://docs.djangoproject.com/en/stable/topics/db/optimization/#use-bulk-methods
"""

from collections.abc import Iterator

from ...states import Level
from ..data_code import functions, has_many_rows, in_this_app
from ..finding import Finding
from ..python_code import Write
from ..registry import MigrationRule
from ..subject import MigrationSubject


class SavedRowByRow(MigrationRule):
    code = "RM303"
    name = "saved-row-by-row"
    level = Level.WARNING
    link = "https://docs.djangoproject.com/en/stable/topics/db/optimization/#use-bulk-methods"

    def check(self, subject: MigrationSubject) -> Iterator[Finding]:
        for operation, code in functions(subject):
            told: set[str | None] = set()
            for write in code.writes:
                if is_per_row(write, subject) and write.model not in told:
                    told.add(write.model)
                    of = write.model or "what it changes"
                    message = f"{code.name} writes {of} row by row: a statement and a round trip for each."
                    yield self.finding(operation, message, hint_for(write, subject), write.line)


def is_per_row(write: Write, subject: MigrationSubject) -> bool:
    over = write.over
    if over is None or write.method not in ("save", "create"):
        return False
    return has_many_rows(over.model, subject)


def hint_for(write: Write, subject: MigrationSubject) -> str:
    if write.model is None:
        return "Collect the rows, and write them together: bulk_create() or bulk_update(), with batch_size=1000."
    name = write.model.rpartition(".")[2]
    is_change = write.method == "save" and write.over is not None and write.over.model == write.model
    if not is_change:
        return f"{name}.objects.bulk_create(rows, batch_size=1000)"
    name = in_this_app(write.model, subject)
    return f'ops.TransformRows("{name}", function, fields=[...]), which writes them in batches'
