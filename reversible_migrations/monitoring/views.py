"""The endpoints ``metrics`` and ``health``: for machines, without a session or a template."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ..exceptions import ExtraMissing
from .access import may_read
from .exposition import CONTENT_TYPE, text


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
