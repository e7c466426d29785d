"""The list of runs: as a page, and as data for its script while there is no other connection."""

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponseBase, JsonResponse, QueryDict
from django.urls import get_script_prefix, reverse

from ..overview.orders import read_orders
from ..progress.messages import SNAPSHOT, STATUS, VERSION, message, moment
from ..run_list import Wanted, read_list
from . import wording
from .access import data, login_url, page
from .cards import cards
from .pages import render_page

SOCKET = "ws/reversible-migrations/"  # below the root of the site, as docs/how-to/mount-the-page.md says


@page("view_run")
def runs(request: HttpRequest) -> HttpResponseBase:
    """
    Show the runs of all databases.

    The query string may have ``q``, ``app``, ``database``, ``status`` and ``page``.
    """
    wanted = wanted_of(request.GET)
    found = read_list(wanted)
    context = {
        "wanted": wanted,
        "found": found,
        "running": cards(found.running),
        "waiting": cards(found.waiting),
        "stopped": cards(found.stopped),
        "past": cards(found.past),
        "orders": [(alias, order) for alias in found.aliases for order in read_orders(alias)],
        "apps": sorted(found.apps),
        "statuses": wording.status_words(),
        "newer": page_url(request.GET, found.page - 1) if found.page > 1 else "",
        "older": page_url(request.GET, found.page + 1) if found.page < found.pages else "",
        "live": live_facts(),
    }
    return render_page(request, "reversible_migrations/runs.html", context)


@data("view_run")
def runs_data(request: HttpRequest) -> HttpResponseBase:
    """Return what a connection is sent first: the open runs and the newest past ones, as a snapshot."""
    found = read_list(Wanted())
    listed = [*found.running, *found.waiting, *found.stopped, *found.past]
    numbers = dict.fromkeys(found.aliases, 0)
    for each in listed:
        numbers[each.alias] = max(numbers[each.alias], each.number)
    return JsonResponse(
        {
            "version": VERSION,
            "type": SNAPSHOT,
            "numbers": numbers,
            "runs": [message(STATUS, each.run, each.alias, each.number) for each in listed],
            "timestamp": moment(datetime.now(UTC)),
        }
    )


def wanted_of(query: QueryDict) -> Wanted:
    """Return what a query string asks for; a page that is no number is the first."""
    number = query.get("page", "")
    return Wanted(
        search=query.get("q", "").strip(),
        app=query.get("app", ""),
        database=query.get("database", ""),
        status=query.get("status", ""),
        page=int(number) if number.isdecimal() and len(number) < 10 else 1,
    )


def page_url(query: QueryDict, number: int) -> str:
    changed = query.copy()
    changed["page"] = str(number)
    return f"?{changed.urlencode()}"


def live_facts() -> dict[str, object]:
    """Return what the script needs to know: where to ask, and in which words to answer."""
    return {
        "socket": f"{get_script_prefix()}{SOCKET}",
        "data": reverse("reversible_migrations:runs_data"),
        "login": login_url(),
        "words": {**wording.texts(), **wording.connection_words()},
        "statuses": wording.status_words(),
    }
