"""
A migration that belongs to several phases, or to none that can be told: ``migrate_phased`` refuses to run it.

Only those that were written since the project has phases are told of: those that are new against the reference of
``--since``, and those that depend on one with phases. The others were applied years ago.

https://docs.djangoproject.com/en/stable/howto/writing-migrations/
"""

from collections.abc import Iterator, Sequence

from ...exceptions import AmbiguousPhase
from ...states import Level, Phase
from ..finding import Finding
from ..order import ancestors
from ..phased import has_phases, phases_of_migration, told_phases
from ..registry import ProjectRule
from ..subject import MigrationSubject


class UnclearPhase(ProjectRule):
    code = "RM403"
    name = "unclear-phase"
    level = Level.ERROR
    link = "https://docs.djangoproject.com/en/stable/howto/writing-migrations/"

    def check(self, subjects: Sequence[MigrationSubject]) -> Iterator[Finding]:
        for subject in written_since_phases(subjects):
            if subject.migration is None or subject.migration.replaces:
                continue
            try:
                phases_of_migration(subject)
            except AmbiguousPhase as error:
                yield self._finding(subject, error)

    def _finding(self, subject: MigrationSubject, error: AmbiguousPhase) -> Finding:
        it = "it " if error.what.startswith("has ") else ""
        message = f"`migrate_phased` refuses to run it: {it}{error.what}"
        phases = sorted({phase for _, _, phase in told_phases(subject) if phase})
        if it or len(phases) < 2:
            return self.finding(subject, message, error.todo, _line_of(subject, None))
        return self.finding(subject, message, _split(subject, phases), _line_of(subject, phases[1]))


def written_since_phases(subjects: Sequence[MigrationSubject]) -> list[MigrationSubject]:
    """Return the migrations that are new, or depend on one with phases."""
    parents = {subject.key: subject.dependencies for subject in subjects}
    phased = {subject.key for subject in subjects if has_phases(subject)}
    return [each for each in subjects if each.is_new or each.key in phased or phased & ancestors(each.key, parents)]


def _split(subject: MigrationSubject, phases: Sequence[Phase]) -> str:
    """Return how to split a migration, with the numbers of its operations."""
    parts = []
    for phase in phases:
        numbers = sorted({number for number, _, each in told_phases(subject) if each == phase})
        told = " and ".join(map(str, numbers))
        parts.append(f"{phase.label} = [operation{'s' * (len(numbers) > 1)} {told}]")
    return f"Make it a ZeroDowntimeMigration: {', '.join(parts)}; or one migration for each of these, in this order."


def _line_of(subject: MigrationSubject, phase: Phase | None) -> int | None:
    return next((each.line for each in subject.operations if phase in each.due), None)
