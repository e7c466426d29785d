"""Whether new code may be deployed, by the phases of its migrations on all databases. Pure: nothing is asked of one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..states import Direction, Phase, RunStatus
from .plan import Place, plan

STOPPED = (RunStatus.FAILED, RunStatus.INTERRUPTED, RunStatus.CANCELLED, RunStatus.PAUSED)


@dataclass(frozen=True)
class OpenRun:
    """A run that is not done, as far as a deploy depends on it."""

    number: int
    title: str
    phase: Phase | None
    status: str
    direction: str


@dataclass(frozen=True)
class DatabaseState:
    """One database: its migrations in the order of the graph, the runs that are open, and why it could not be told."""

    alias: str
    places: tuple[Place, ...] = ()
    runs: tuple[OpenRun, ...] = ()
    fault: str = ""


@dataclass(frozen=True)
class Answer:
    """``reasons`` say why not, one by one; there are none if it is safe."""

    reasons: tuple[str, ...]

    @property
    def is_safe(self) -> bool:
        return not self.reasons


def safe_to_deploy(databases: Sequence[DatabaseState]) -> Answer:
    """
    Return whether the code that needs these migrations may be deployed now.

    It may when ``prepare`` is done on every database: what the new code needs is there, and the old code does not
    notice it. The later phases run behind the deploy.
    """
    return Answer(tuple(reason for database in databases for reason in _reasons(database)))


def _reasons(database: DatabaseState) -> Iterator[str]:
    where = f"On {database.alias}"
    if database.fault:
        yield f"{where} it cannot be told: {database.fault}"
        return
    done = plan(database.places, Phase.PREPARE)
    for step in done.steps:
        yield f"{where} {step.name} has not been prepared."
    for waiting in done.waiting:
        if waiting.phase == Phase.PREPARE and waiting.behind is not None:
            at = f", which is at {waiting.behind_phase.label}" if waiting.behind_phase else ""
            yield f"{where} {waiting.name} cannot be prepared: it waits for {'.'.join(waiting.behind)}{at}."
    yield from (f"{where} {text}" for text in _of_runs(database.runs))


def _of_runs(runs: Iterable[OpenRun]) -> Iterator[str]:
    for run in runs:
        if run.direction == Direction.BACKWARDS:
            yield f"{run.title} is being undone (run {run.number}, {run.status})."
        elif run.phase in (None, Phase.PREPARE) and run.status in STOPPED:
            yield f"{run.title} was begun and is not done (run {run.number}, {run.status})."
