"""
A column or table that is added after ``prepare``: the new code, which knows it, runs before it is there.

https://docs.djangoproject.com/en/stable/howto/writing-migrations/
"""

from collections.abc import Iterator

from django.db.migrations.operations import AddField, CreateModel, DeleteModel, RemoveField
from django.db.migrations.operations.base import Operation

from ...exceptions import AmbiguousPhase
from ...phases.classify import declared_phase
from ...states import Level, Phase
from ..finding import Finding
from ..registry import MigrationRule
from ..subject import MigrationSubject, OperationSubject


class AddedTooLate(MigrationRule):
    code = "RM404"
    name = "added-too-late"
    level = Level.ERROR
    link = "https://docs.djangoproject.com/en/stable/howto/writing-migrations/"

    def check(self, subject: MigrationSubject) -> Iterator[Finding]:
        gone = {_of_model(each.operation) for each in subject.operations if _is(each, RemoveField, DeleteModel)}
        for operation in subject.operations:
            phase = _phase_of(operation)
            if phase is None or phase == Phase.PREPARE or _of_model(operation.operation) in gone:
                continue
            makes_column = _is(operation, AddField) and operation.is_managed and not operation.is_new_table
            if makes_column or (_is(operation, CreateModel) and _makes_table(operation.operation)):
                yield self._finding(operation, phase)

    def _finding(self, subject: OperationSubject, phase: Phase) -> Finding:
        operation, table = subject.operation, subject.table
        if isinstance(operation, CreateModel):
            message = f"{table} is made in {phase.label}: the new code runs before that, and every query of it fails."
            return self.finding(subject, message, "Move it to `prepare`: a table that nobody knows hurts nobody.")
        assert isinstance(operation, AddField), "check() has seen to it"
        message = (
            f"{table}.{operation.name} is added in {phase.label}: the new code runs before that, and its queries of "
            f"{table} fail."
        )
        model, name = operation.model_name_lower, operation.name
        hint = f'Add it in `prepare`: AddField("{model}", "{name}", ...)'
        if Phase.SWITCH in subject.due:
            hint = f'{hint} with null=True or a db_default, and in `switch` AlterField("{model}", "{name}", ...)'
        return self.finding(subject, message, f"{hint}.")


def _is(subject: OperationSubject, *kinds: type[Operation]) -> bool:
    return subject.is_on_database and isinstance(subject.operation, kinds)


def _of_model(operation: Operation) -> tuple[str, str]:
    """Return the names, in small letters, of the model that an operation is about, and of its field, if any."""
    if isinstance(operation, AddField | RemoveField):
        return operation.model_name_lower, operation.name_lower
    return getattr(operation, "name_lower", ""), ""


def _makes_table(operation: Operation) -> bool:
    options = getattr(operation, "options", {})
    return bool(options.get("managed", True)) and not options.get("proxy", False)


def _phase_of(subject: OperationSubject) -> Phase | None:
    """Return the phase that is written for an operation, itself or in its migration."""
    migration = subject.migration.migration
    try:
        return subject.phase or (declared_phase(migration) if migration else None)
    except AmbiguousPhase:  # a name that no phase has, which is a finding of RM403
        return None
