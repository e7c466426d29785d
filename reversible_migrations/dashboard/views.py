"""The list of runs, as a page and as data for its script."""

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from .access import data, page
from .pages import render_page


@page("view_run")
def runs(request: HttpRequest) -> HttpResponseBase:
    return render_page(request, "reversible_migrations/runs.html")


@data("view_run")
def runs_data(request: HttpRequest) -> HttpResponseBase:
    return JsonResponse({"version": 1, "type": "snapshot", "numbers": {}, "runs": []})
