"""The step that undoes another one."""

from ..batches.runner import is_finished
from ..batches.workers import work_through, workers_of
from ..journal.conflicts import count_conflicts
from ..journal.recording import close_interrupted
from ..journal.restore import JOURNALLED, RestoreBatches, conflicts_stop, fault_of
from ..journal.slice_undo import ABORT
from ..journal.step_views import journals_of
from ..journal.tables import set_state, total_rows
from ..models import Step
from ..runs.run import ActiveRun
from ..states import JournalState, StepKind


def restore_step(run: ActiveRun, forward: Step) -> int:
    """
    Put back what ``forward`` changed; return how many rows.

    Raise ``MissingJournal``, ``JournalMismatch`` or, with on_conflict "abort", ``UndoConflicts``
    before the first row is touched.
    """
    step = run.step(StepKind.RESTORE, forward.model, f"of {forward.pk}", restores=forward)
    if is_finished(step):
        set_state(run, forward, JournalState.RESTORED)
        return step.rows_done
    fault = fault_of(run.record, forward, run.db)
    if fault is not None:
        raise fault
    close_interrupted(run, forward)
    if forward.kind not in JOURNALLED or not journals_of(forward, run.alias):
        run.finish_step(step)
        return 0
    policy = str(run.option("ON_CONFLICT"))
    begun = run.ranges(step).exists()
    if not begun:
        _look_first(run, forward, policy)
    batches = RestoreBatches(run, forward, step, policy)
    batches.prepare()
    if not begun:
        run.begin_step(step, batches.parts(workers_of(run)), rows_total=total_rows(forward, run.alias))
    work_through(run, step, batches.in_run, [view.target for view in batches.views])
    set_state(run, forward, JournalState.RESTORED)
    return step.rows_done


def _look_first(run: ActiveRun, forward: Step, policy: str) -> None:
    """Count the conflicts before the first row, where one of them is enough to stop."""
    if policy != ABORT:
        return
    steps = Step.objects.using(run.alias).filter(run_id=forward.run_id, kind__in=JOURNALLED, number__lte=forward.number)
    conflicts = sum(found.conflicts for found in count_conflicts(list(steps), run.db))
    if conflicts:
        raise conflicts_stop(run, forward, conflicts)
