"""The health page: whether what migrations need is there, as ``migration_health`` says it."""

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from ..monitoring.health import Outcome, check_health
from .access import page
from .pages import render_page


@page("view_run")
def health(request: HttpRequest) -> HttpResponseBase:
    """Show every check; it asks all of them anew, each within its time limit."""
    found = check_health()
    words = outcome_words()
    context = {
        "outcome": found.outcome,
        "said": words[found.outcome],
        "checks": [(check, words[check.outcome]) for check in found.checks],
    }
    return render_page(request, "reversible_migrations/health.html", context)


def outcome_words() -> dict[str, str]:
    return {Outcome.OK: _("in order"), Outcome.WARNING: _("look at it"), Outcome.FAILED: _("failed")}
