"""
What can be done from the page: POST only, each with a reason, each by the library call that the commands make.

An answer is a page that says what became of it, or JSON, ``{"done": bool, "text": "..."}``, for who accepts that.
Whoever comes second is told what is so: 409, and nothing is changed.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST

from ..databases import database, served_databases
from ..exceptions import CannotStart, ReversibleMigrationError
from ..models import Run
from ..phases import orders
from ..phases.classify import phase_named
from ..phases.control import ask
from ..runs.lease import is_left
from ..states import WishAction
from . import wording
from .access import data, may, page
from .notices import redirect_with
from .subjects import missing, of_run, wants_json

WAIT_SECONDS = 2.0  # that a request waits for a run to heed it, so that the page it leads to shows it
WISHES = {"pause": WishAction.PAUSE, "resume": WishAction.RESUME, "cancel": WishAction.CANCEL, "set": WishAction.SET}
PERMISSIONS = {
    "pause": ("control_run",),
    "resume": ("control_run",),
    "cancel": ("control_run",),
    "set": ("control_run",),
    "retry": ("control_run",),
    "go_on": ("control_run",),
    "undo": ("undo_run",),
    "cancel_and_undo": ("control_run", "undo_run"),
}
CONFIRMED = ("undo", "cancel_and_undo")  # by typing the migration's name
CONFLICTS = ("keep", "overwrite", "abort")

View = Callable[..., HttpResponseBase]


class Refused(Exception):
    """What was sent is not enough to act on; the message says what is missing."""


def allowed(user: Any, action: str) -> bool:
    return all(may(user, permission) for permission in PERMISSIONS[action])


def guarded(permission: str) -> Callable[[View], View]:
    """Guard a view that acts: as a page, or as data where JSON is wanted."""

    def guard(acts: View) -> View:
        as_page, as_data = page(permission)(acts), data(permission)(acts)

        @wraps(acts)
        def chosen(request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
            return (as_data if wants_json(request) else as_page)(request, *args, **options)

        view: View = csrf_protect(require_POST(chosen))
        for alias in connections:  # what is ordered has to be there for the process that is started at once
            view = transaction.non_atomic_requests(alias)(view)
        return view

    return guard


@guarded("view_run")
def act(request: HttpRequest, alias: str, number: int, action: str) -> HttpResponseBase:
    """Do ``action`` to a run, for whoever has the permissions that it needs."""
    if action not in PERMISSIONS:
        return missing(request, _("There is no such action."), 404)
    for permission in PERMISSIONS[action]:
        if not may(request.user, permission):
            return guarded(permission)(_act)(request, alias, number, action)
    return _act(request, alias, number, action)


@of_run
def _act(request: HttpRequest, alias: str, run: Run, action: str) -> HttpResponseBase:
    url = reverse("reversible_migrations:run", args=[alias, run.pk])
    return _answered(request, url, lambda by, reason: _done(alias, run, action, by, reason, request.POST))


@guarded("control_run")
def start(request: HttpRequest) -> HttpResponseBase:
    """Order a migration, or everything up to a phase, on one database."""
    return _answered(
        request, reverse("reversible_migrations:phases"), lambda by, reason: _started(by, reason, request.POST)
    )


def _answered(request: HttpRequest, url: str, do: Callable[[str, str], str]) -> HttpResponse:
    reason = request.POST.get("reason", "").strip()
    try:
        if not reason:
            raise Refused(_("Nothing was done: say why, for those who look at it later."))
        level, status, text = "success", 200, do(request.user.get_username(), reason)
    except Refused as error:
        level, status, text = "error", 400, str(error)
    except CannotStart as error:
        level, status, text = "error", 503, str(error)
    except ReversibleMigrationError as error:
        level, status, text = "warning", 409, str(error)
    if wants_json(request):
        return JsonResponse({"done": status == 200, "text": text}, status=status)
    return redirect_with(request, url, level, text)


def _done(alias: str, run: Run, action: str, by: str, reason: str, sent: QueryDict) -> str:
    if action in CONFIRMED and sent.get("confirm", "").strip() != run.migration:
        raise Refused(_("Nothing was done: type the name of the migration, {name}.").format(name=run.migration))
    if action in WISHES:
        return _asked(alias, run, WISHES[action], by, reason, settings_in(sent) if action == "set" else [])
    if action == "retry" and not is_left(run, database(alias)):
        return _asked(alias, run, WishAction.RETRY, by, reason, [])
    return _ordered(alias, run, action, by, reason, sent)


def _asked(alias: str, run: Run, action: WishAction, by: str, reason: str, settings: list[str]) -> str:
    granted = ask(alias, run.pk, action, by, reason, settings, WAIT_SECONDS)
    if granted.is_heeded:
        return _("Done: the run is {status}.").format(status=wording.status_words()[granted.status])
    if granted.is_in_hand:
        return _("Asked for; it is done after the batch in hand.")
    return _("Kept for the next process that takes the run up.")


def _ordered(alias: str, run: Run, action: str, by: str, reason: str, sent: QueryDict) -> str:
    if action == "retry":
        orders.order_retry(alias, run, by, reason)
    elif action == "go_on":
        orders.order_start(alias, run, by, reason)
    elif action == "cancel_and_undo":
        orders.order_cancel_and_undo(alias, run, by, reason)
    else:
        orders.order_undo(alias, run, by, reason, _conflicts(sent))
    return _("Ordered: a process of its own does it, and it appears here as soon as that has begun.")


def _conflicts(sent: QueryDict) -> str | None:
    policy = sent.get("on_conflict", "")
    if policy and policy not in CONFLICTS:
        raise Refused(_("Nothing was done: rows that were changed since are kept, overwritten, or a reason to stop."))
    return policy or None


def settings_in(sent: QueryDict) -> list[str]:
    """Return the changed settings of a form as people type them: "batch_size=500"."""
    given = {name: sent.get(name, "").strip() for name in ("batch_size", "parallel")}
    found = [*(f"{name}={value}" for name, value in given.items() if value), *sent.get("settings", "").split()]
    if not found:
        raise Refused(_("Nothing was done: say which setting, for example limit.cpu=80."))
    return found


def _started(by: str, reason: str, sent: QueryDict) -> str:
    alias, app, name = (sent.get(field, "") for field in ("database", "app", "name"))
    if alias not in served_databases():
        raise Refused(_("Nothing was done: there is no such database."))
    if app and name:
        orders.order_migration(alias, app, name, by, reason)
    elif sent.get("phase"):
        orders.order_phase(alias, phase_named(sent["phase"], "phase"), by, reason)
    else:
        raise Refused(_("Nothing was done: say which phase."))
    return _("Ordered: a process of its own does it, and it appears here as soon as that has begun.")
