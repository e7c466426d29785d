"""
The undo panel of a run: what undoing it would put back, what was changed since, and the form that orders it.

Nothing is undone here, and nothing changed: the plan is the one of ``safe_rollback --dry-run``. Values of rows are
shown to those with the permission ``view_rows`` only.
"""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.views.decorators.csrf import csrf_protect

from ..authoring.preview import TablePreview, table_previews
from ..databases import database
from ..exceptions import ReversibleMigrationError
from ..journal.recording import net_table
from ..journal.step_views import journals_of
from ..models import JournalTable, Run
from ..phases.readiness import steps_to_restore
from ..phases.rollback import RollbackPlan, plan_rollback
from ..states import JournalKind, JournalState
from .access import may, page
from .actions import CONFLICTS
from .pages import render_page
from .subjects import of_run

ROWS = 5  # of each table that are shown
MOST_TABLES = 5
SHOWN = (JournalKind.UPDATE, JournalKind.CREATE, JournalKind.DELETE, JournalKind.RECORD)


@csrf_protect
@page("undo_run")
@of_run
def undo(request: HttpRequest, alias: str, run: Run) -> HttpResponseBase:
    """Show what undoing a run would do; it takes as long as counting the rows that were changed since."""
    plan, fault = _plan(alias, run)
    sees_rows = may(request.user, "view_rows")
    context: dict[str, Any] = {
        "alias": alias,
        "run": run,
        "plan": plan,
        "fault": fault,
        "rows": sum(undoing.rows or 0 for undoing in plan.undoings) if plan else 0,
        "policies": CONFLICTS,
        "policy": plan.undoings[0].policy if plan and plan.undoings else "",
        "may_view_rows": sees_rows,
        "sample": list(sample(alias, plan)) if plan and sees_rows and not plan.faults else [],
        "act": reverse("reversible_migrations:act", args=[alias, run.pk, "undo"]),
        "back": reverse("reversible_migrations:run", args=[alias, run.pk]),
    }
    return render_page(request, "reversible_migrations/undo.html", context)


def _plan(alias: str, run: Run) -> tuple[RollbackPlan | None, str]:
    try:
        return plan_rollback(alias, run.app, run=run.undoes_id or run.pk), ""
    except ReversibleMigrationError as fault:
        return None, str(fault)


def sample(alias: str, plan: RollbackPlan) -> Iterator[TablePreview]:
    """Yield the first rows of some tables, as they were before and as the migration left them."""
    db = database(alias)
    runs = [run for undoing in plan.undoings for run in undoing.runs]
    journals = (each for run in runs for step in steps_to_restore(run, alias) for each in journals_of(step, alias))
    shown = 0
    for journal in journals:
        if shown < MOST_TABLES and _can_be_read(journal, alias):
            tables = table_previews(db, journal, ROWS)
            shown += len(tables)
            yield from tables


def _can_be_read(journal: JournalTable, alias: str) -> bool:
    """Return whether a journal has rows to show; of recorded code, whether its net changes were written down."""
    db = database(alias)
    if journal.kind not in SHOWN or journal.state != JournalState.KEPT:
        return False
    table = net_table(journal) if journal.kind == JournalKind.RECORD else journal.table_name
    return db.journal_exists(db.quote(table))
