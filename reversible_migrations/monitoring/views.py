"""The endpoints ``metrics`` and ``health``: for machines, without a session or a template."""

import threading
import time

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ..exceptions import ExtraMissing
from .access import may_read
from .exposition import CONTENT_TYPE, text
from .health import Health, Outcome, check_health
from .health_facts import facts_of

HEALTH_SECONDS = 5.0  # for which the health is not looked at anew: anybody may ask


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics in Prometheus' text form; 401 for whoever may not read them, 501 without ``prometheus-client``."""
    if not may_read(request):
        return refused()
    try:
        return HttpResponse(text(), content_type=CONTENT_TYPE)
    except ExtraMissing as missing:
        return HttpResponse(f"{missing}\n", content_type="text/plain", status=501)


def refused() -> HttpResponse:
    words = "Send the token of the setting METRICS_TOKEN, or log in as staff that may see runs.\n"
    return HttpResponse(words, content_type="text/plain", status=401, headers={"WWW-Authenticate": "Bearer"})


@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """200, or 503 where a check has failed; what was found only for those who may read the metrics."""
    found = RECENT.health()
    facts = facts_of(found)
    shown = facts if may_read(request) else {"version": facts["version"], "status": facts["status"]}
    return JsonResponse(shown, status=503 if found.fails_on(Outcome.FAILED) else 200)


class RecentHealth:
    """The health of this process's last look, which is shared by all who ask within ``HEALTH_SECONDS``."""

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self.found: tuple[float, Health] | None = None

    def health(self) -> Health:
        with self.turn:
            if self.found is None or time.monotonic() - self.found[0] >= HEALTH_SECONDS:
                self.found = time.monotonic(), check_health()
            return self.found[1]

    def forget(self) -> None:
        self.found = None


RECENT = RecentHealth()
