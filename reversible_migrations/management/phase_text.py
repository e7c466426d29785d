"""A plan in phases as lines of text and as JSON, for ``migrate_phased``."""

from collections.abc import Iterator, Sequence
from typing import Any

from ..phases.plan import PhasePlan, PhaseStep, Place, Waiting
from ..states import Phase
from .columns import columns


def place_lines(places: Sequence[Place]) -> Iterator[str]:
    """Yield a table of the migrations that are not applied, with the phases of each."""
    left = [place for place in places if not place.is_applied]
    if not left:
        yield "Every migration is applied."
        return
    heads = {"migration": "<", **{phase.label: "<" for phase in Phase}}
    yield from columns(heads, [[place.name, *(_cell(place, phase) for phase in Phase)] for place in left])


def _cell(place: Place, phase: Phase) -> str:
    if phase not in place.phases:
        return "-"
    return "done" if phase in place.done else "to do"


def waiting_lines(waiting: Sequence[Waiting]) -> Iterator[str]:
    """Yield what is left, what each waits for, and the command that goes on."""
    for each in waiting:
        if each.behind is None:
            yield f"{each.name} goes on with {each.phase.label}: `manage.py migrate_phased --phase {each.phase.label}`."
        else:
            at = each.behind_phase.label if each.behind_phase else ""
            yield f"{each.name} ({each.phase.label}) waits for {'.'.join(each.behind)}, which is at {at}."


def step_lines(steps: Sequence[PhaseStep]) -> Iterator[str]:
    if not steps:
        yield "There is nothing to run."
        return
    yield "To be run, in this order:"
    for number, step in enumerate(steps, start=1):
        yield f"  {number}. {step.name} ({step.phase.label})"


def plan_facts(places: Sequence[Place], plan: PhasePlan) -> dict[str, Any]:
    return {
        "migrations": [
            {
                "name": place.name,
                "phases": [phase.label for phase in place.phases],
                "done": [phase.label for phase in place.phases if phase in place.done],
            }
            for place in places
            if not place.is_applied
        ],
        "steps": [{"migration": step.name, "phase": step.phase.label} for step in plan.steps],
        "waiting": [
            {
                "migration": each.name,
                "phase": each.phase.label,
                "behind": ".".join(each.behind) if each.behind else None,
                "behind_phase": each.behind_phase.label if each.behind_phase else None,
                "is_due": each.is_due,
            }
            for each in plan.waiting
        ],
    }


def sql_lines(steps: Sequence[tuple[PhaseStep, Sequence[str]]]) -> Iterator[str]:
    """Yield the SQL of each step under its name."""
    for step, statements in steps:
        yield f"-- {step.name} ({step.phase.label})"
        yield from statements
