"""
Who may see the page, and what browsers may do with it.

``page`` guards a view that answers with HTML, ``data`` one that answers with JSON. Both let in
active staff with the named permission of this app only, and send the headers below.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import global_settings, settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from ..monitoring.sentry import GUARD
from .pages import render_page

View = Callable[..., HttpResponseBase]


def may(user: Any, permission: str) -> bool:
    """Return whether ``user`` is active staff with ``permission`` ("view_run", "control_run", "undo_run" ...)."""
    return bool(user.is_active and user.is_staff and user.has_perm(f"reversible_migrations.{permission}"))


def page(permission: str) -> Callable[[View], View]:
    """
    Guard a page: who has not signed in is sent to the login, who lacks ``permission`` gets 403.

        @page("view_run")
        def runs(request): ...
    """

    def answer(request: HttpRequest, status: int) -> HttpResponseBase:
        if status == 401:
            return redirect_to_login(request.get_full_path(), login_url())
        context = {"permission": f"reversible_migrations.{permission}"}
        return render_page(request, "reversible_migrations/forbidden.html", context, status=403)

    return _guard(permission, answer)


def data(permission: str) -> Callable[[View], View]:
    """Guard what scripts ask for: 401 for who has not signed in, 403 for who lacks ``permission``, both as JSON."""

    def answer(request: HttpRequest, status: int) -> HttpResponseBase:
        text = _("Sign in again.") if status == 401 else _("You are not allowed to see this.")
        return JsonResponse({"error": text}, status=status)

    return _guard(permission, answer)


def _guard(permission: str, refuse: Callable[[HttpRequest, int], HttpResponseBase]) -> Callable[[View], View]:
    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
            GUARD.set()
            if not request.user.is_authenticated:
                return closed(refuse(request, 401))
            if not may(request.user, permission):
                return closed(refuse(request, 403))
            return closed(view(request, *args, **options))

        return guarded

    return guard


def closed(response: HttpResponseBase) -> HttpResponseBase:
    """Return ``response`` with the headers that keep it out of caches and frames and let it load our own files only."""
    add_never_cache_headers(response)
    response.headers["Content-Security-Policy"] = policy()
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def policy() -> str:
    """Return the content security policy: this site only, and the host of its static files where that is another."""
    files = urlsplit(settings.STATIC_URL or "")
    sources = f"'self' {files.scheme or 'https'}://{files.netloc}" if files.netloc else "'self'"
    return f"default-src {sources}; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"


def login_url() -> str:
    """Return the project's ``LOGIN_URL``; where it has set none, the admin's login if there is one."""
    if settings.LOGIN_URL == global_settings.LOGIN_URL:
        try:
            return reverse("admin:login")
        except NoReverseMatch:
            pass
    return resolve_url(settings.LOGIN_URL)
