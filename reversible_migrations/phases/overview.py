"""How far the migrations of this project are, by phase and database: what a page shows of ``migrate_phased``."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError

from ..databases import database, served_databases
from ..exceptions import ReversibleMigrationError
from ..models import Run
from ..overview import status_of
from ..runs.run import has_ledger
from ..states import UNFINISHED, Direction, Phase, RunStatus
from .deployable import Answer, DatabaseState, OpenRun, safe_to_deploy
from .executor import PhasedExecutor
from .plan import MigrationKey, Place, Waiting, plan


@dataclass(frozen=True)
class Cell:
    """
    A phase of a migration on a database: ``state`` is "none" (it has no such phase), "done", "to do" or a run's status.

    ``run`` is the number of the run that is open for it.
    """

    alias: str
    phase: Phase
    state: str
    run: int | None = None


@dataclass(frozen=True)
class Row:
    """One migration that is not applied everywhere; ``cells`` by database, one for each phase."""

    key: MigrationKey
    cells: dict[str, tuple[Cell, ...]]
    waits: dict[str, Waiting]

    @property
    def name(self) -> str:
        return ".".join(self.key)


@dataclass(frozen=True)
class Matrix:
    """``applied`` counts the migrations that are applied, by database."""

    databases: tuple[DatabaseState, ...]
    rows: tuple[Row, ...]
    applied: dict[str, int]
    answer: Answer


def read_matrix() -> Matrix:
    """Return the matrix of all databases that this app works on; one that does not answer has its fault in it."""
    states = tuple(_state(alias) for alias in served_databases())
    applied = {state.alias: sum(place.is_applied for place in state.places) for state in states}
    return Matrix(states, tuple(_rows(states)), applied, safe_to_deploy(states))


def _state(alias: str) -> DatabaseState:
    try:
        executor = PhasedExecutor(alias)
        executor.refuse_conflicts()
        return DatabaseState(alias, tuple(executor.places()), tuple(_open_runs(alias)))
    except ReversibleMigrationError as fault:
        return DatabaseState(alias, fault=str(fault))
    except (DatabaseError, InterfaceError) as error:
        return DatabaseState(alias, fault=f"it does not answer ({type(error).__name__}).")


def _open_runs(alias: str) -> list[OpenRun]:
    db = database(alias)
    if not has_ledger(db):
        return []
    runs = Run.objects.using(alias).filter(status__in=[*UNFINISHED, RunStatus.UNDOING])
    return [
        OpenRun(run.pk, run.title, None if run.phase is None else Phase(run.phase), status_of(run, db), run.direction)
        for run in runs.exclude(status=RunStatus.UNDOING).order_by("pk")
    ]


def _rows(states: Sequence[DatabaseState]) -> list[Row]:
    places = {(state.alias, place.key): place for state in states for place in state.places}
    left = dict.fromkeys(place.key for place in places.values() if not place.is_applied)
    waits = {
        state.alias: {each.key: each for each in plan(state.places, Phase.PREPARE).waiting if each.behind}
        for state in states
    }
    return [
        Row(
            key,
            {state.alias: _cells(places.get((state.alias, key)), state) for state in states},
            {alias: found[key] for alias, found in waits.items() if key in found},
        )
        for key in left
    ]


def _cells(place: Place | None, state: DatabaseState) -> tuple[Cell, ...]:
    if place is None:
        return tuple(Cell(state.alias, phase, "none") for phase in Phase)
    runs = {run.phase: run for run in state.runs if _is_of(run, place)}
    return tuple(_cell(place, phase, runs, state.alias) for phase in Phase)


def _is_of(run: OpenRun, place: Place) -> bool:
    return run.direction == Direction.FORWARDS and run.title.split(" (")[0] == place.name


def _cell(place: Place, phase: Phase, runs: dict[Phase | None, OpenRun], alias: str) -> Cell:
    if place.is_applied or phase in place.done:
        has_it = phase in place.phases or phase in place.done
        return Cell(alias, phase, "done" if has_it or place.is_applied else "none")
    if phase not in place.phases:
        return Cell(alias, phase, "none")
    run = runs.get(phase) or (runs.get(None) if len(place.phases) == 1 else None)
    return Cell(alias, phase, run.status if run else "to do", run.number if run else None)
