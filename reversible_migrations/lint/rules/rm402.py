"""
Data code that reads a column or a table which was removed before it: it fails, on every database that has rows.

https://docs.djangoproject.com/en/stable/topics/migrations/#historical-models
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import F, Q

from ...states import Level
from ..field_uses import FieldUse, first_of
from ..finding import Finding
from ..order import ancestors
from ..registry import ProjectRule
from ..removals import Removal, Removals
from ..subject import MigrationSubject, OperationSubject
from ..wording import described


class RemovedBeforeRead(ProjectRule):
    code = "RM402"
    name = "removed-before-read"
    level = Level.ERROR
    link = "https://docs.djangoproject.com/en/stable/topics/migrations/#historical-models"

    def check(self, subjects: Sequence[MigrationSubject]) -> Iterator[Finding]:
        removals, parents = Removals(), {subject.key: subject.dependencies for subject in subjects}
        for migration in subjects:
            told: set[tuple[str, str]] = set()
            for subject in migration.operations:
                for use in _uses(subject):
                    removal = removals.of(use.model, use.field)
                    if removal is None or (use.model, use.field) in told:
                        continue
                    behind = removal.subject.migration.key
                    if behind == migration.key or behind in ancestors(migration.key, parents):
                        told.add((use.model, use.field))
                        yield self._finding(subject, use, removal)
                removals.note(subject)

    def _finding(self, subject: OperationSubject, use: FieldUse, removal: Removal) -> Finding:
        where = f"operation {removal.subject.path} of {removal.subject.migration.name}"
        thing = f"{removal.model}.{removal.field}" if removal.field else removal.model
        step = subject.code.name if subject.code else described(subject.operation)
        message = f"{step} reads {thing}, which {where} has removed before: it fails."
        if removal.subject.migration is subject.migration:
            phase = f" of `{subject.phase.label}`" if subject.phase else ""
            hint = f"Put `{described(removal.subject.operation)}` behind operation {subject.path}{phase}"
            hint = (
                f"{hint}, best in `cleanup`." if subject.phase else f"{hint}, best in a migration of a later release."
            )
        else:
            own, other = f"{subject.app_label}.{subject.migration.name}", removal.subject.migration
            hint = f"Let {other.app_label}.{other.name} depend on {own}, and not the other way round."
        return self.finding(subject, message, hint, use.line or None)


def _uses(subject: OperationSubject) -> Iterator[FieldUse]:
    """Yield the fields, and with the field "" the models, that a data step reads."""
    if not subject.is_on_database:
        return
    if subject.code is not None:
        for model in subject.code.models:
            yield FieldUse(model, "", 0)
        yield from subject.code.field_uses
        return
    named = getattr(subject.operation, "model", None)
    if isinstance(named, str):  # ops.UpdateRows and the like
        label = named if "." in named else f"{subject.app_label}.{named}"
        yield FieldUse(label, "", 0)
        for name in _named(subject.operation):
            yield FieldUse(label, name, 0)


def _named(operation: object) -> Iterator[str]:
    """Yield the fields that an operation on rows is given."""
    given: list[Any] = [getattr(operation, name, None) for name in ("values", "fields", "where")]
    values, fields, where = given
    if isinstance(values, dict):
        yield from values
        for value in values.values():
            yield from (first_of(str(vars(each)["name"])) for each in _expressions(value) if isinstance(each, F))
    if isinstance(fields, list):
        yield from (name for name in fields if isinstance(name, str))
    if isinstance(where, Q):
        yield from _looked_up(where)


def _looked_up(where: Q) -> Iterator[str]:
    for child in where.children:
        if isinstance(child, Q):
            yield from _looked_up(child)
        elif isinstance(child, tuple):
            yield first_of(str(child[0]))


def _expressions(value: object) -> Iterator[object]:
    yield value
    for inner in getattr(value, "get_source_expressions", list)():
        yield from _expressions(inner)
