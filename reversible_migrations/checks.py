"""System checks: mistakes in the settings at every start, with the nearest known name; migrations when asked for."""

import difflib
from typing import Any

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Info, Tags, Warning, register

from .conf import SETTINGS
from .load.options import fault_of
from .states import Level, Phase


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
        elif name == "PHASES" and (odd := [given for given in value.values() if not is_phase(given)]):
            text = f"REVERSIBLE_MIGRATIONS['PHASES'] has {odd[0]!r}, which is no phase."
            hint = f"Phases are: {', '.join(f'{phase.value} {phase.label}' for phase in Phase)}."
            found.append(Error(text, hint=hint, id="reversible_migrations.E005"))
        elif name == "LINT" and (fault := lint_fault_of(value)):
            found.append(Error(f"REVERSIBLE_MIGRATIONS['LINT']: {fault}.", id="reversible_migrations.E006"))
        elif name == "ALERTS" and (fault := alerts_fault_of(value)):
            found.append(Error(f"REVERSIBLE_MIGRATIONS['ALERTS']: {fault}.", id="reversible_migrations.E007"))
        elif fault := fault_of(name, value):
            found.append(Error(f"REVERSIBLE_MIGRATIONS[{name!r}]: {fault}.", id="reversible_migrations.E004"))
    return found


def lint_fault_of(value: Any) -> str | None:
    if not value:
        return None
    from .lint.options import fault_of  # it imports all rules: not for those who have no such setting

    return fault_of(value)


def alerts_fault_of(value: Any) -> str | None:
    if not value:
        return None
    from .alerts.options import fault_of  # it imports mail and HTTP: not for those who have no such setting

    return fault_of(value)


# A deployment check: reading all migrations is not for every start of a server.
@register("reversible_migrations", deploy=True)
def check_migrations(**options: Any) -> list[CheckMessage]:
    """Return the findings of the lint, for ``check --deploy --tag reversible_migrations``."""
    from .lint.checking import check_migrations as find

    kinds = {Level.ERROR: Error, Level.WARNING: Warning, Level.INFO: Info}
    return [
        kinds[finding.level](
            finding.message, finding.hint or None, f"{finding.where} ({finding.path}:{finding.line})",
            id=f"reversible_migrations.{finding.code}",
        )
        for finding in find().findings
    ]  # fmt: skip


def is_phase(given: Any) -> bool:
    return any(given in (phase, phase.label, str(phase.value)) for phase in Phase)
