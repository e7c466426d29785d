"""A test of the outlets, without anything being wrong. Nothing of it is in the ledger."""

import difflib

from django.utils import timezone

from ..states import AlertLevel
from . import messages
from .dispatch import dispatch
from .options import options
from .watching import Told


def send_test(alias: str, level: AlertLevel, name: str | None = None) -> Told:
    """
    Send a test by the outlets that take alerts of ``level``, or by the one called ``name``; return what became of it.

    Raise ``ValueError`` where there is no such outlet.
    """
    wanted = options()
    outlets = wanted.outlets_for(level)
    if name is not None:
        outlets = tuple(outlet for outlet in wanted.outlets if outlet.name == name)
        if not outlets:
            known = [outlet.name for outlet in wanted.outlets]
            near = difflib.get_close_matches(name, known, 1) or known
            raise ValueError(f"there is no outlet {name!r}; known are {', '.join(near)}")
    message = messages.test(level, alias, timezone.now())
    return Told(message, tuple(dispatch(message, outlets)))
