"""
Which phase of which migration runs now, and what waits for what. Pure: nothing is asked of a database.

A migration may run once everything it depends on is done to its last phase. Phases are gone through
one after the other, each in the order of the migration graph: that is what the same phases in
commands of their own would do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..states import Phase

MigrationKey = tuple[str, str]


@dataclass(frozen=True)
class Place:
    """
    A migration in the graph, and how far it is: ``phases`` are those it has, ``done`` those behind it.

    One whose phases are all done and that is not ``is_applied`` only has to be recorded by Django.
    """

    key: MigrationKey
    parents: tuple[MigrationKey, ...]
    phases: tuple[Phase, ...]
    done: frozenset[Phase] = frozenset()
    is_applied: bool = False

    @property
    def name(self) -> str:
        return ".".join(self.key)


@dataclass(frozen=True)
class PhaseStep:
    """
    One phase of one migration. With ``is_last`` the migration is done behind it.

    ``during`` is the phase of the whole plan in which its turn comes: a later one than ``phase`` where the
    migration had to wait for another.
    """

    key: MigrationKey
    phase: Phase
    is_last: bool
    during: Phase

    @property
    def name(self) -> str:
        return ".".join(self.key)


@dataclass(frozen=True)
class Waiting:
    """
    What is left of a migration: its next phase is ``phase``.

    ``behind`` is the migration it waits for, at its phase ``behind_phase``; None where only its own later
    phases are left. ``is_due`` says that it should have run by now.
    """

    key: MigrationKey
    phase: Phase
    behind: MigrationKey | None
    behind_phase: Phase | None
    is_due: bool

    @property
    def name(self) -> str:
        return ".".join(self.key)


@dataclass(frozen=True)
class PhasePlan:
    steps: tuple[PhaseStep, ...] = ()
    waiting: tuple[Waiting, ...] = ()

    def during(self, phase: Phase) -> list[PhaseStep]:
        return [step for step in self.steps if step.during == phase]


@dataclass
class _Course:
    """The walk over all phases, as far as it has come."""

    places: Sequence[Place]
    steps: list[PhaseStep] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.finished = {place.key for place in self.places if place.is_applied}
        self.done = {place.key: set(place.done) for place in self.places}
        known = {place.key for place in self.places}
        self.parents = {place.key: [p for p in place.parents if p in known] for place in self.places}

    def go_through(self, up_to: Phase) -> None:
        for place in self.places:
            if place.key not in self.finished and self.finished.issuperset(self.parents[place.key]):
                self._advance(place, up_to)

    def _advance(self, place: Place, up_to: Phase) -> None:
        left = self.left(place) or list(place.phases[-1:])  # all done: Django has to record it
        for phase in left:
            if phase > up_to:
                return
            self.steps.append(PhaseStep(place.key, phase, is_last=phase == place.phases[-1], during=up_to))
            self.done[place.key].add(phase)
        self.finished.add(place.key)

    def left(self, place: Place) -> list[Phase]:
        return [phase for phase in place.phases if phase not in self.done[place.key]]


def plan(places: Sequence[Place], up_to: Phase) -> PhasePlan:
    """
    Return what runs up to and including the phase ``up_to``, and what waits then.

    ``places`` are in the order of the graph; parents that are not among them count as done. With phases
    1-4 of A undone, B behind A, and ``up_to`` 2: A.1 and A.2 run, A waits at 3, and B for A.
    """
    course = _Course(places)
    for phase in Phase:
        if phase <= up_to:
            course.go_through(phase)
    return PhasePlan(tuple(course.steps), tuple(_waiting(course, up_to)))


def _waiting(course: _Course, up_to: Phase) -> Iterable[Waiting]:
    at = {place.key: course.left(place)[0] for place in course.places if place.key not in course.finished}
    for place in course.places:
        if place.key in at:
            behind = _root_of(place.key, course.parents, at)
            phase = at[place.key]
            is_due = behind is not None and phase <= up_to
            yield Waiting(place.key, phase, behind, at[behind] if behind else None, is_due)


def _root_of(
    key: MigrationKey, parents: dict[MigrationKey, list[MigrationKey]], at: dict[MigrationKey, Phase]
) -> MigrationKey | None:
    """Return the unfinished migration behind which, directly or not, ``key`` waits; None if behind none."""
    root = None
    while blocking := next((parent for parent in parents[root or key] if parent in at), None):
        root = blocking
    return root
