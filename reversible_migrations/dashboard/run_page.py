"""The page of one run: how it is, how it went by the clock, what it waited for, and what can be done about it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_protect

from ..databases import database
from ..load.estimates import size
from ..models import Run
from ..overview import JournalOverview, RunOverview, read_runs, rows_set_aside
from ..overview.entries import read_entries
from ..overview.orders import read_orders
from ..overview.ranges import read_ranges
from ..overview.series import Series, read_series
from ..overview.source import source_of
from ..overview.waits import Waits, read_waits
from ..phases.possible import PossibleAction, possible_actions
from ..progress.messages import SNAPSHOT, STATUS, VERSION, message, newest_number
from ..run_list import ListedRun
from . import wording
from .access import data, may, page
from .actions import CONFIRMED, allowed
from .cards import card
from .notices import notices_in
from .pages import render_page
from .subjects import of_run
from .views import live_facts

MOST_ASIDE = 100  # rows of either kind
ORDER = ("pause", "resume", "go_on", "retry", "set", "cancel", "cancel_and_undo")


@dataclass(frozen=True)
class ShownAction:
    """An action as a form: ``why_not`` says why it cannot be asked for now."""

    name: str
    title: str
    meaning: str
    why_not: str
    url: str
    is_confirmed: bool

    @property
    def is_possible(self) -> bool:
        return not self.why_not


@dataclass(frozen=True)
class Lost:
    """Time lost for one cause, with its share of the whole run."""

    cause: str
    took: str
    waits: int
    percent: int


@csrf_protect
@page("view_run")
@of_run
def run(request: HttpRequest, alias: str, record: Run) -> HttpResponseBase:
    """Show one run."""
    (seen,) = read_runs(alias, run=record.pk)
    number = newest_number(alias, record.pk)
    series, waits = read_series(record.pk, alias), read_waits(record.pk, alias)
    possible = possible_actions(record, seen, database(alias))
    sees_rows, aside = may(request.user, "view_rows"), rows_set_aside(alias, record.pk, MOST_ASIDE)
    context = {
        "alias": alias,
        "run": seen,
        "card": replace(card(ListedRun(alias, seen, number)), url=""),  # it would lead here
        "notices": notices_in(request),
        "orders": read_orders(alias, seen.migration),
        "actions": list(shown_actions(request.user, alias, seen, possible)),
        "undo": undo_link(request.user, alias, seen, possible),
        "charts": chart_facts(series, waits),
        "points": series.points[::-1],
        "lost": lost(seen, waits),
        "steps": [(step, wording.duration(step.seconds)) for step in seen.steps],
        "ranges": read_ranges(record.pk, alias),
        "entries": read_entries(record.pk, alias),
        "aside": [row if sees_rows else replace(row, error="") for row in aside],
        "aside_total": sum(step.failed + step.conflicting for step in seen.steps),
        "may_view_rows": sees_rows,
        "journals": [(journal, _size(journal)) for journal in seen.journals],
        "source": source_of(seen.app, seen.name),
        "live": run_facts(alias, record.pk),
    }
    return render_page(request, "reversible_migrations/run.html", context)


@data("view_run")
@of_run
def run_data(request: HttpRequest, alias: str, record: Run) -> HttpResponseBase:
    """Return how the run is, as a connection would send it first: a snapshot of this run only."""
    number = newest_number(alias, record.pk)
    (seen,) = read_runs(alias, run=record.pk)
    sent = message(STATUS, seen, alias, number)
    facts = {"version": VERSION, "type": SNAPSHOT, "numbers": {alias: number}, "runs": [sent]}
    return JsonResponse({**facts, "timestamp": sent["timestamp"]})


@data("view_run")
@of_run
def run_charts(request: HttpRequest, alias: str, record: Run) -> HttpResponseBase:
    """Return the lines of the charts, and the waits to be shaded in them."""
    return JsonResponse(chart_facts(read_series(record.pk, alias), read_waits(record.pk, alias)))


def run_facts(alias: str, number: int) -> dict[str, Any]:
    """Return what the page's script needs to know."""
    place = [alias, number]
    return {
        **live_facts(),
        "key": f"{alias}-{number}",
        "data": reverse("reversible_migrations:run_data", args=place),
        "charts": reverse("reversible_migrations:run_charts", args=place),
        "chart_words": {
            "rate": _("Rate"),
            "rate_unit": _("rows/s"),
            "batch_size": _("Batch size"),
            "batch_size_unit": _("rows"),
            "limit": _("limit {value}"),
            "empty": _("Nothing has been measured yet."),
            "at": _("{time}: {value}"),
            "waits": _("shaded: the run waited"),
        },
    }


def chart_facts(series: Series, waits: Waits) -> dict[str, Any]:
    """Return times in seconds since 1970, and values by line; a moment without one has null."""
    points = series.points
    return {
        "times": [point.at.timestamp() for point in points],
        "rate": [point.rate for point in points],
        "batch_size": [point.batch_size for point in points],
        "gauges": {
            name: {
                "unit": unit,
                "values": [point.gauges.get(name, (None, None))[0] for point in points],
                "limits": [point.gauges.get(name, (None, None))[1] for point in points],
            }
            for name, unit in sorted(series.units.items())
        },
        "waits": [
            {
                "from": wait.began_at.timestamp(),
                "to": wait.ended_at.timestamp() if wait.ended_at else None,
                "cause": wait.cause,
            }
            for wait in waits.shown
        ],
    }


def lost(run: RunOverview, waits: Waits) -> list[Lost]:
    """Return the time lost, with its share of the time since the run began."""
    whole = sum(each.seconds for each in waits.lost)
    if run.started_at is not None and run.finished_at is not None:
        whole = max(whole, (run.finished_at - run.started_at).total_seconds())
    else:
        whole = max(whole, sum(step.seconds for step in run.steps))
    return [
        Lost(each.cause, wording.duration(each.seconds), each.waits, round(100 * each.seconds / whole) if whole else 0)
        for each in waits.lost
    ]


def shown_actions(
    user: Any, alias: str, run: RunOverview, possible: dict[str, PossibleAction]
) -> Iterable[ShownAction]:
    """Yield the actions in their order, but those for which ``user`` has no permission."""
    titles = action_words()
    for name in ORDER:
        if allowed(user, name):
            title, meaning = titles[name]
            url = reverse("reversible_migrations:act", args=[alias, run.id, name])
            yield ShownAction(name, title, meaning, possible[name].why_not, url, name in CONFIRMED)


def undo_link(user: Any, alias: str, run: RunOverview, possible: dict[str, PossibleAction]) -> ShownAction | None:
    """Return the way to the undo panel, for whoever may undo."""
    if not allowed(user, "undo"):
        return None
    title, meaning = action_words()["undo"]
    url = reverse("reversible_migrations:undo", args=[alias, run.id])
    return ShownAction("undo", title, meaning, possible["undo"].why_not, url, is_confirmed=True)


def action_words() -> dict[str, tuple[str, str]]:
    """Return the names of the actions, and what each does."""
    return {
        "pause": (_("Pause"), _("Finishes the batch in hand, then waits; its process stays.")),
        "resume": (_("Resume"), _("Lets the paused run go on.")),
        "go_on": (_("Go on"), _("Starts a process that applies the migration, from where it stopped.")),
        "retry": (_("Try rows again"), _("Tries the rows that were set aside once more.")),
        "set": (_("Change settings"), _("Counts from the next batch on.")),
        "cancel": (_("Cancel"), _("Finishes the batch in hand and stops for good; what is done stays.")),
        "cancel_and_undo": (_("Cancel and undo"), _("Stops the run, and puts back what it has changed.")),
        "undo": (_("Undo"), _("Shows first what would be put back.")),
    }


def _size(journal: JournalOverview) -> str:
    return "" if journal.bytes is None else size(journal.bytes)
