"""
What a project says about the lint, in ``REVERSIBLE_MIGRATIONS["LINT"]``, and what a call of it asks for.

    "LINT": {
        "LEVELS": {"RM201": "error", "RM301": "off"},
        "APPS": {"archive": {"RM105": "info"}},
        "EXCLUDE": ["legacy", "shop.0001_initial"],
        "RULES": ["shop.lint.NoTriggers"],
    }
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..conf import setting
from ..exceptions import CannotLint
from ..states import Level
from .linter_rules import LINTER_RULES
from .registry import Rule, rules_with

OFF = "off"
KEYS: dict[str, Any] = {"LEVELS": dict, "APPS": dict, "EXCLUDE": (list, tuple), "RULES": (list, tuple)}


@dataclass(frozen=True)
class Options:
    """``rules`` are those that are asked for; ``levels`` and ``app_levels`` say what differs from their own."""

    rules: tuple[Rule, ...] = ()
    levels: Mapping[str, str] = field(default_factory=dict)
    app_levels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    is_narrowed: bool = False  # some rules are left out, so what they would have found is not known

    def level_of(self, code: str, default: Level, app: str) -> Level | None:
        """Return the level of a rule's findings in an app; None where it is off."""
        given = self.app_levels.get(app, {}).get(code, self.levels.get(code, default))
        return None if given == OFF else Level(given)

    def is_excluded(self, app: str, name: str) -> bool:
        return app in self.exclude or f"{app}.{name}" in self.exclude


def options_asked(codes: Iterable[str] = ()) -> Options:
    """
    Return the options of the settings, with the rules ``codes`` only, if any are given.

    Raise ``CannotLint`` for settings that are at fault and codes that no rule has.
    """
    given = setting("LINT")
    if fault := fault_of(given):
        raise CannotLint(
            "REVERSIBLE_MIGRATIONS['LINT']", f"{fault}.", "Nothing was looked at.", "Put the setting right."
        )
    rules = rules_with(given.get("RULES", ()))
    asked = [code.upper() for code in codes]
    known = [rule.code for rule in (*LINTER_RULES, *rules)]
    for code in asked:
        if code not in known:
            raise CannotLint("--rule", f"{code} is no rule.", "Nothing was looked at.", nearest(code, known))
    chosen = tuple(rule for rule in rules if not asked or rule.code in asked)
    return Options(
        chosen, given.get("LEVELS", {}), given.get("APPS", {}), tuple(given.get("EXCLUDE", ())), is_narrowed=bool(asked)
    )


def fault_of(given: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the value of the setting, or None."""
    for key, value in given.items():
        if key not in KEYS:
            return f"{key!r} is not known. {nearest(str(key).upper(), KEYS)}".rstrip(".")
        if not isinstance(value, KEYS[key]):
            return f"{key!r} must be a {'dict' if KEYS[key] is dict else 'list'}, not {type(value).__name__}"
    try:
        known = [rule.code for rule in (*LINTER_RULES, *rules_with(given.get("RULES", ())))]
    except CannotLint as error:
        return f"{error.where.rpartition(': ')[2]} {error.what}".rstrip(".")
    for where, levels in (("LEVELS", given.get("LEVELS", {})), *given.get("APPS", {}).items()):
        if fault := _fault_of_levels(where, levels, known):
            return fault
    return None


def _fault_of_levels(where: str, levels: Any, known: list[str]) -> str | None:
    if not isinstance(levels, dict):
        return f"{where!r} must be a dict of codes and levels, not {type(levels).__name__}"
    for code, level in levels.items():
        if code not in known:
            return f"{where!r} names {code!r}, which is no rule. {nearest(str(code), known)}".rstrip(".")
        if level not in (*Level, OFF):
            return f"{where!r} gives {code} the level {level!r}; levels are {', '.join(Level)} and {OFF}"
    return None


def nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), 1)
    return f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(known)}."
