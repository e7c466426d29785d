"""
A migration that depends on one of the same release whose last phase comes later than its own first phase.

It waits for that phase, and the new code for it. What one release is, only ``--since`` tells.

https://docs.djangoproject.com/en/stable/topics/migrations/#dependencies
"""

from collections.abc import Iterator, Sequence

from ...exceptions import AmbiguousPhase
from ...states import Level, Phase
from ..finding import Finding
from ..phased import phases_of_migration
from ..registry import ProjectRule
from ..subject import MigrationSubject


class DependsOnLaterPhase(ProjectRule):
    code = "RM405"
    name = "depends-on-later-phase"
    level = Level.WARNING
    link = "https://docs.djangoproject.com/en/stable/topics/migrations/#dependencies"

    def check(self, subjects: Sequence[MigrationSubject]) -> Iterator[Finding]:
        released = {each.key: each for each in subjects if each.is_new}
        for subject in released.values():
            phases = _told(subject)
            for key in subject.dependencies:
                parent = released.get(key)
                if parent is not None and phases and (behind := _told(parent)) and behind[-1] > phases[0]:
                    yield self._finding(subject, phases[0], parent, behind)

    def _finding(
        self, subject: MigrationSubject, phase: Phase, parent: MigrationSubject, behind: Sequence[Phase]
    ) -> Finding:
        name, other = f"{subject.app_label}.{subject.name}", f"{parent.app_label}.{parent.name}"
        message = (
            f"It is due in {phase.label} and depends on {other}, which is done after {behind[-1].label} only: "
            f"`migrate_phased --phase {phase.label}` leaves it waiting."
        )
        if len(behind) > 1:
            hint = f"Move `{behind[-1].label}` of {other} into a migration of its own that depends on {name}."
        else:
            hint = f"Let {other} depend on {name}, and {name} on what {other} depends on now."
        return self.finding(subject, message, hint)


def _told(subject: MigrationSubject) -> list[Phase]:
    """Return the phases of a migration; none where it does nothing in the database, or where they are not clear."""
    try:
        return phases_of_migration(subject) if any(each.due for each in subject.operations) else []
    except AmbiguousPhase:
        return []
