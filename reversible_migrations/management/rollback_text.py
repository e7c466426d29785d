"""A rollback plan as lines of text and as JSON, for ``safe_rollback``."""

from collections.abc import Iterator
from typing import Any

from ..phases.rollback import RollbackPlan, Undoing
from ..progress import words
from ..states import Phase, RunStatus
from .columns import columns

OUTCOMES = {
    "keep": "keep: they stay as they are, and are listed",
    "overwrite": "overwrite: they are put back too, and are listed",
    "abort": "abort: nothing is undone if there is one",
}


def plan_lines(plan: RollbackPlan, undone: bool) -> Iterator[str]:
    """Yield what will be undone, or that it is."""
    if undone:
        yield f"Undone: {_migrations(len(plan.undoings))}."
        return
    if not plan.undoings:
        yield "There is nothing to undo."
        return
    yield "To be undone, in this order:"
    heads = {"migration": "<", "run": ">", "rows": ">", "changed since": ">", "": "<"}
    yield from columns(heads, [_cells(undoing) for undoing in plan.undoings])
    for undoing in plan.undoings:
        yield from (f"  {undoing.name}: {note}." for note in undoing.notes)
    if plan.conflicts:
        policies = sorted({undoing.policy for undoing in plan.undoings if undoing.conflicts})
        yield f"{words.rows(plan.conflicts)} changed since. {'; '.join(OUTCOMES[policy] for policy in policies)}."


def _cells(undoing: Undoing) -> list[str]:
    run = "" if undoing.run is None else str(undoing.run.pk)
    counted = ["?" if n is None and run else "" if n is None else f"{n:,}" for n in (undoing.rows, undoing.conflicts)]
    return [undoing.name, run, *counted, _extent(undoing)]


def _extent(undoing: Undoing) -> str:
    if undoing.to_phase is not None:
        phases = [Phase(run.phase or 0).label for run in undoing.runs if run.status != RunStatus.UNDONE]
        return f"only {', '.join(phases)}" if phases else "nothing behind that phase"
    return "" if undoing.is_applied else "was never finished"


def _migrations(number: int) -> str:
    return "1 migration" if number == 1 else f"{number} migrations"


def plan_facts(plan: RollbackPlan, dry_run: bool, undone: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "possible": not plan.faults,
        "undone": undone,
        "migrations": [
            {
                "name": undoing.name, "run": None if undoing.run is None else undoing.run.pk,
                "is_applied": undoing.is_applied, "on_conflict": undoing.policy, "rows": undoing.rows,
                "conflicts": undoing.conflicts,
                "to_phase": None if undoing.to_phase is None else undoing.to_phase.label,
                "notes": undoing.notes,
            }
            for undoing in plan.undoings
        ],
        "faults": [str(fault) for fault in plan.faults],
    }  # fmt: skip
