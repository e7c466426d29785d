"""What a page says after an action: by Django's messages, or, where a site has none, in the address."""

from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import urlencode

SALT = "reversible_migrations.notice"
SECONDS = 60  # that a notice in an address is shown
LEVELS = {"success": messages.SUCCESS, "warning": messages.WARNING, "error": messages.ERROR}


def redirect_with(request: HttpRequest, url: str, level: str, text: str) -> HttpResponse:
    """Lead to ``url``, which says ``text`` once. ``level`` is "success", "warning" or "error"."""
    if hasattr(request, "_messages"):
        messages.add_message(request, LEVELS[level], text)
        return HttpResponseRedirect(url)
    return HttpResponseRedirect(f"{url}?{urlencode({'notice': signing.dumps([level, text], salt=SALT)})}")


def notices_in(request: HttpRequest) -> list[dict[str, Any]]:
    """Return what the address says; nothing that this site has not signed within a minute."""
    try:
        level, text = signing.loads(request.GET.get("notice", ""), salt=SALT, max_age=SECONDS)
    except (signing.BadSignature, ValueError):
        return []
    return [{"tags": level, "text": text}]
