"""What every page of the dashboard is given: the links to the others, and who looks at it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy

NAVIGATION = {"runs": gettext_lazy("Runs"), "phases": gettext_lazy("Phases"), "health": gettext_lazy("Health")}


@dataclass(frozen=True)
class Link:
    title: str
    url: str
    is_here: bool


def render_page(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """Return ``template``, which extends ``reversible_migrations/base.html``, with what that needs."""
    # Not by Django's `render`: Sentry replaces that by one that sends the context, with values of rows, to Sentry.
    given = {"navigation": list(navigation(request)), **(context or {})}
    return HttpResponse(render_to_string(template, given, request), status=status)


def navigation(request: HttpRequest) -> Iterator[Link]:
    """Yield the links to the pages that there are."""
    here = getattr(request.resolver_match, "url_name", None)
    for name, title in NAVIGATION.items():
        try:
            url = reverse(f"reversible_migrations:{name}")
        except NoReverseMatch:
            continue
        yield Link(str(title), url, name == here)
