"""The run that an address names, or a page that says that there is none or that its database does not answer."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _

from ..databases import served_databases
from ..exceptions import LedgerMissing, UnknownMigration
from ..models import Run
from ..phases.orders import run_named
from .pages import render_page

RunView = Callable[..., HttpResponseBase]


def of_run(view: RunView) -> RunView:
    """Give ``view(request, alias, run, ...)`` the run; answer 404 where there is none, 503 where nothing answers."""

    @wraps(view)
    def found(request: HttpRequest, alias: str, number: int, *args: Any, **options: Any) -> HttpResponseBase:
        try:
            return view(request, alias, _run(alias, number), *args, **options)
        except (UnknownMigration, LedgerMissing):
            return missing(request, _("There is no run {number} in {alias}.").format(number=number, alias=alias), 404)
        except (DatabaseError, InterfaceError):
            return missing(request, _("The database {alias} does not answer.").format(alias=alias), 503)

    return found


def _run(alias: str, number: int) -> Run:
    if alias not in served_databases():
        raise UnknownMigration(f"run {number}", "is in no database of that name.", "Nothing was changed.")
    return run_named(alias, number)


def missing(request: HttpRequest, text: str, status: int) -> HttpResponseBase:
    if wants_json(request):
        return JsonResponse({"done": False, "text": text}, status=status)
    return render_page(request, "reversible_migrations/missing.html", {"text": text}, status=status)


def wants_json(request: HttpRequest) -> bool:
    """Return whether the answer is to be JSON; a browser that takes anything gets a page."""
    return "application/json" in request.headers.get("Accept", "")
