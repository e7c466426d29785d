"""Who may read the metrics and the details of the health: a bearer's token, or staff with the right to see runs."""

import secrets

from django.http import HttpRequest

from ..conf import setting

PERMISSION = "reversible_migrations.view_run"


def may_read(request: HttpRequest) -> bool:
    """Return whether the request has the setting ``METRICS_TOKEN`` as its bearer token, or comes from such staff."""
    return _has_token(request) or _is_staff(request)


def _has_token(request: HttpRequest) -> bool:
    token = setting("METRICS_TOKEN")
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if not token or scheme.lower() != "bearer":
        return False
    return secrets.compare_digest(given.strip().encode(), token.encode())


def _is_staff(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    return user is not None and user.is_active and user.is_staff and user.has_perm(PERMISSION)
