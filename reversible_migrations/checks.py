"""System checks of the settings: a mistake is found at start-up, with the nearest known name."""

import difflib
from typing import Any

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Tags, register

from .conf import SETTINGS


@register(Tags.compatibility)
def check_settings(**options: Any) -> list[CheckMessage]:
    given = getattr(django_settings, "REVERSIBLE_MIGRATIONS", {})
    if not isinstance(given, dict):
        return [Error("REVERSIBLE_MIGRATIONS must be a dict.", id="reversible_migrations.E001")]
    found: list[CheckMessage] = []
    for name, value in given.items():
        if name not in SETTINGS:
            near = difflib.get_close_matches(str(name).upper(), SETTINGS, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(SETTINGS)}."
            found.append(
                Error(f"REVERSIBLE_MIGRATIONS[{name!r}] is not known.", hint=hint, id="reversible_migrations.E002")
            )
        elif fault := SETTINGS[name].fault_of(value):
            unit = SETTINGS[name].unit
            hint = f"{SETTINGS[name].meaning}, in {unit}" if unit else SETTINGS[name].meaning
            found.append(Error(f"REVERSIBLE_MIGRATIONS[{name!r}] {fault}.", hint=hint, id="reversible_migrations.E003"))
    return found
