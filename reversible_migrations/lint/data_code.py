"""What the rules on data code ask of a migration: its functions, and whose rows are many."""

from collections.abc import Iterator

from ..authoring.written_steps import WrittenSteps
from .python_code import PythonCode
from .subject import MigrationSubject, OperationSubject

# Tables that have few rows in any project.
SMALL = {"sites.site", "contenttypes.contenttype", "auth.permission", "auth.group"}
# Rows that Django makes by itself, after every `migrate`, where they are not there.
MADE_BY_DJANGO = {"contenttypes.contenttype", "auth.permission"}


def functions(migration: MigrationSubject, backwards: bool = False) -> Iterator[tuple[OperationSubject, PythonCode]]:
    """Yield the functions of a migration that could be read, each once; ``backwards``: its reverses too."""
    seen: set[tuple[str, int]] = set()
    for subject in migration.operations:
        for code in (subject.code, subject.reverse_code if backwards else None):
            if code is not None and code.is_readable and subject.is_on_database and (code.name, code.line) not in seen:
                seen.add((code.name, code.line))
                yield subject, code


def is_of_ours(subject: OperationSubject) -> bool:
    """Return whether the code is a method that our base class calls, with steps that are done in batches."""
    return isinstance(subject.operation, WrittenSteps)


def has_many_rows(model: str | None, migration: MigrationSubject) -> bool:
    """Return whether a table may have many rows: not one that this migration makes, nor one that is always small."""
    return model is not None and model.lower() not in SMALL | migration.made_models


def in_this_app(model: str, migration: MigrationSubject) -> str:
    """Return the name by which operations of ``migration`` know a model."""
    return model.removeprefix(f"{migration.app_label}.")


def is_filled_by_reverse(subject: OperationSubject, label: str) -> bool:
    """Return whether undo comes to code of the same migration that writes rows of the model ``label``."""
    reverses = (each.reverse_code for each in subject.migration.operations)
    return any(str(write.model).lower() == label for code in reverses if code for write in code.writes)
