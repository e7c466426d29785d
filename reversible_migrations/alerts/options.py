"""
The setting ``ALERTS``, read and refused.

    REVERSIBLE_MIGRATIONS = {"ALERTS": {
        "OUTLETS": [{"outlet": "email", "to": ["oncall@example.com"]}, "shop.alerts.Pager"],
        "LEVELS": {"slow": "info", "expiring": "off"},
        "LIMITS": {"waiting_seconds": 900},
        "REMIND_SECONDS": 86_400,
    }}
"""

import difflib
import inspect
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from django.utils.module_loading import import_string

from ..conf import setting
from ..states import AlertLevel
from .conditions import CONDITIONS, Condition, Limits
from .outlets import BUILT_IN, Channels, Log, Outlet

KEYS = ("OUTLETS", "LEVELS", "LIMITS", "REMIND_SECONDS")
OFF = "off"


@dataclass(frozen=True)
class Options:
    """``levels`` are those of conditions that the project has given another one; None switches one off."""

    outlets: tuple[Outlet, ...]
    levels: Mapping[str, AlertLevel | None]
    limits: Limits
    remind_seconds: float | None

    def level_of(self, condition: Condition, given: AlertLevel | None = None) -> AlertLevel | None:
        """Return how urgent ``condition`` is: by the project, else as ``given`` by what was found, else by itself."""
        if condition.name in self.levels:
            return self.levels[condition.name]
        return given or condition.level

    def outlets_for(self, level: AlertLevel) -> tuple[Outlet, ...]:
        return tuple(outlet for outlet in self.outlets if outlet.takes(level))


def options() -> Options:
    """Return what the project wants; raise ``ValueError`` for what it cannot have."""
    return options_of(setting("ALERTS"))


def options_of(given: Mapping[str, Any]) -> Options:
    _refuse_unknown("key", given, KEYS)
    levels = {name: _level(level) for name, level in _mapping(given, "LEVELS").items()}
    _refuse_unknown("condition", levels, CONDITIONS)
    return Options(
        outlets=tuple(build_outlets(given.get("OUTLETS", ()))),
        levels=levels,
        limits=_limits(_mapping(given, "LIMITS")),
        remind_seconds=_number("REMIND_SECONDS", given.get("REMIND_SECONDS")),
    )


def fault_of(given: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a value of ``ALERTS`` as a sentence, or None. No secret is in it."""
    try:
        options_of(given)
    except ValueError as error:
        return str(error)
    return None


def build_outlets(given: Any) -> list[Outlet]:
    """
    Return the log and Channels, then the outlets of ``given``; one of a name that was there takes its place.

    ``given`` has names or dotted paths, or dicts with either as "outlet", with its arguments and, if wanted,
    another "name" and "level".
    """
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise ValueError("OUTLETS must be a list")
    outlets: dict[str, Outlet] = {"log": Log(), "channels": Channels()}
    own: set[str] = set()
    for each in given:
        outlet = build_outlet(each)
        if outlet.name in own:
            raise ValueError(f'there are two outlets {outlet.name!r}; give one of them another "name"')
        own.add(outlet.name)
        outlets[outlet.name] = outlet
    return list(outlets.values())


def build_outlet(given: Any) -> Outlet:
    """Return the outlet that an entry of ``OUTLETS`` describes; raise ``ValueError`` if it describes none."""
    arguments = dict(given) if isinstance(given, Mapping) else {"outlet": given}
    path = str(arguments.pop("outlet", ""))
    name, level = arguments.pop("name", None), arguments.pop("level", None)
    kind = _kind(path)
    try:
        outlet = kind(**arguments)
    except TypeError:
        takes, names = ", ".join(inspect.signature(kind).parameters), ", ".join(arguments)
        raise ValueError(f"the outlet {path!r} takes {takes or 'nothing'}, not {names or 'nothing'}") from None
    except ValueError as error:
        raise ValueError(f"the outlet {path!r}: {error}") from None
    if name is not None:
        outlet.name = name
    if level is not None or outlet.level is not None:
        outlet.level = _level(level if level is not None else outlet.level)
    if not _is_name(outlet.name):
        raise ValueError(f"the outlet {path!r} has no name")
    return outlet


def _kind(path: str) -> type[Outlet]:
    if "." not in path:
        _refuse_unknown("outlet", [path], BUILT_IN)
        return BUILT_IN[path]
    try:
        kind = import_string(path)
    except ImportError as error:
        raise ValueError(f"{path!r} cannot be imported: {error}") from None
    if not (isinstance(kind, type) and issubclass(kind, Outlet)):
        raise ValueError(f"{path!r} is no Outlet")
    return kind


def _is_name(given: Any) -> bool:
    return isinstance(given, str) and given.isprintable() and given != ""


def _limits(given: Mapping[str, Any]) -> Limits:
    _refuse_unknown("limit", given, [field.name for field in fields(Limits)])
    for name, value in given.items():
        if _number(name, value) is None:
            raise ValueError(f"{name} must be a number of 0 or more")
    return replace(Limits(), **given)


def _number(name: str, value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is not None and (not is_number or not math.isfinite(value) or value < 0):
        raise ValueError(f"{name} must be a number of 0 or more")
    return None if value is None else float(value)


def _level(given: Any) -> AlertLevel | None:
    if given == OFF:
        return None
    if given not in AlertLevel.values:
        _refuse_unknown("level", [given], [*AlertLevel.values, OFF])
    return AlertLevel(given)


def _mapping(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = given.get(name, {})
    if not isinstance(found, Mapping):
        raise ValueError(f"{name} must be a dict")
    return found


def _refuse_unknown(what: str, given: Collection[Any], known: Collection[str]) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
            raise ValueError(f"there is no {what} {name!r}; {hint}")
