"""Which actions a run allows now, and of the others why not: for a page that shows both."""

from dataclasses import dataclass

from ..databases.base import Database
from ..exceptions import WishRefused
from ..models import Run
from ..overview import RunOverview
from ..runs.lease import is_left
from ..runs.wishes import refuse_unfit
from ..states import UNFINISHED, Direction, RunStatus, WishAction


@dataclass(frozen=True)
class PossibleAction:
    """``why_not`` is "" for one that is possible now. ``is_order`` says that a process of its own does it."""

    name: str
    why_not: str = ""
    is_order: bool = False

    @property
    def is_possible(self) -> bool:
        return not self.why_not


def possible_actions(run: Run, seen: RunOverview, db: Database) -> dict[str, PossibleAction]:
    """
    Return all actions by name: pause, resume, cancel, cancel_and_undo, set, retry, go_on, undo.

    ``seen`` is the same run as it was read. What becomes impossible meanwhile is refused when it is asked for.
    """
    in_hand = not is_left(run, db)
    wishes = {
        name: PossibleAction(name, _refusal(run, action, db))
        for name, action in (
            ("pause", WishAction.PAUSE), ("resume", WishAction.RESUME), ("cancel", WishAction.CANCEL),
            ("set", WishAction.SET),
        )
    }  # fmt: skip
    orders = {
        "cancel_and_undo": _why_not_cancel(seen, in_hand), "go_on": _why_not_go_on(run, seen, in_hand),
        "undo": _why_not_undo(seen, in_hand),
    }  # fmt: skip
    ordered = {name: PossibleAction(name, why_not, is_order=True) for name, why_not in orders.items()}
    return {**wishes, "retry": _retry(run, seen, db, in_hand), **ordered}


def _refusal(run: Run, action: WishAction, db: Database) -> str:
    try:
        refuse_unfit(run, action, db)
    except WishRefused as fault:
        return f"{fault.where} {fault.what}"
    return ""


def _retry(run: Run, seen: RunOverview, db: Database, in_hand: bool) -> PossibleAction:
    if not any(step.failed for step in seen.steps):
        return PossibleAction("retry", "No rows are set aside.")
    if in_hand:
        return PossibleAction("retry", _refusal(run, WishAction.RETRY, db))
    if seen.direction == Direction.BACKWARDS:
        return PossibleAction("retry", "An undo has no rows to try again.", is_order=True)
    if seen.status not in (RunStatus.DONE, *UNFINISHED):
        return PossibleAction("retry", f"The run is {seen.status}.", is_order=True)
    is_over = seen.status == RunStatus.DONE or run.recorded  # the latter: opened again for them, and interrupted
    return PossibleAction("retry", "" if is_over else "Let the run go on first.", is_order=True)


def _why_not_cancel(seen: RunOverview, in_hand: bool) -> str:
    if not in_hand:
        return "No process has it in hand: undo it instead."
    if seen.direction == Direction.BACKWARDS:
        return "It is an undo: cancelled, it can be gone on with."
    return "" if seen.rollback == "possible" else seen.rollback_fault or "It cannot be undone."


def _why_not_go_on(run: Run, seen: RunOverview, in_hand: bool) -> str:
    if in_hand:
        return "A process has it in hand."
    if run.recorded and seen.status in UNFINISHED:
        return "Its migration is applied: try the rows again that were set aside."
    if seen.direction == Direction.BACKWARDS:
        return "It is an undo: undoing goes on with it." if seen.status in UNFINISHED else "The undo is done."
    if seen.status in UNFINISHED or seen.status == RunStatus.UNDONE:
        return ""
    return f"The run is {seen.status}."


def _why_not_undo(seen: RunOverview, in_hand: bool) -> str:
    if in_hand:
        return "A process has it in hand: cancel it first."
    if seen.direction == Direction.BACKWARDS:
        return "It is an undo itself." if seen.status not in UNFINISHED else ""
    return {
        "possible": "",
        "under way": "",
        "undone": "It is undone already.",
    }.get(seen.rollback, seen.rollback_fault or "It cannot be undone.")
