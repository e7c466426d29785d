"""What the lint knows of phases, in a project whose migrations are run in phases."""

from collections.abc import Iterator
from dataclasses import replace

from django.core.exceptions import FieldDoesNotExist
from django.db.migrations.operations import AlterField, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation

from ..authoring.zero_downtime import ZeroDowntimeMigration
from ..conf import setting
from ..phases.classify import declared_phase, joint_phase, phases_of
from ..states import Phase
from .project import Project
from .stand_ins import StandInOperation
from .subject import MigrationSubject, OperationSubject


def is_phased(project: Project) -> bool:
    """Return whether a project runs its migrations in phases, as far as they and its settings tell."""
    says_so = bool(setting("REQUIRE_PHASED") or setting("PHASES"))
    return says_so or any(has_phases(subject) for subject in project.migrations.values())


def has_phases(subject: MigrationSubject) -> bool:
    """Return whether a migration has phases, or says the one that it belongs to."""
    migration = subject.migration
    return isinstance(migration, ZeroDowntimeMigration) or bool(getattr(migration, "phase", None))


def with_due_phases(subject: OperationSubject) -> OperationSubject:
    """Return the subject with the phases that its operation belongs to; what it holds inside has its own."""
    operation = subject.operation
    is_told = subject.is_on_database and not isinstance(operation, SeparateDatabaseAndState)
    if not is_told or isinstance(operation, StandInOperation):
        return subject
    if subject.is_new_table:
        return replace(subject, due=(Phase.PREPARE,))
    after = subject.before
    try:
        if isinstance(operation, AlterField):
            after = subject.before.clone()
            operation.state_forwards(subject.app_label, after)
        return replace(subject, due=tuple(phases_of(operation, subject.app_label, subject.before, after)))
    except (KeyError, FieldDoesNotExist):  # it does not fit the state, which is a finding of its own
        return subject


def told_phases(subject: MigrationSubject) -> Iterator[tuple[int, Operation, Phase | None]]:
    """Yield the operations of a migration that change the database, with number and phase."""
    for operation in subject.operations:
        for phase in operation.due:
            yield operation.number[0], operation.operation, phase


def phases_of_migration(subject: MigrationSubject) -> list[Phase]:
    """
    Return the phases of a migration in their order: its own, or the one that it belongs to.

    Raise ``AmbiguousPhase`` where that one cannot be told.
    """
    if isinstance(subject.migration, ZeroDowntimeMigration):
        return sorted(part.phase for part in subject.migration.parts() if part.phase)
    if subject.migration is None:
        return []
    declared = declared_phase(subject.migration)
    return [joint_phase(subject.migration, told_phases(subject)) if declared is None else declared]
