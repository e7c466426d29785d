"""What a check says: a fault or a fact, where it is, and what to do about it."""

from dataclasses import dataclass, field
from typing import Any

from ..states import Level


@dataclass(frozen=True)
class Finding:
    """
    One finding. ``where`` names the thing, ``message`` is a sentence about it, ``hint`` what to do ("" for nothing).

    ``facts`` are figures and names for programs, never values of rows. ``is_unchecked``: it is not
    known whether something is wrong, because it could not be read.
    """

    level: Level
    where: str
    message: str
    hint: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    is_unchecked: bool = False


@dataclass(frozen=True)
class Sampled:
    """What a check did not look at in full, in words."""

    text: str


def error(where: str, message: str, hint: str = "", **facts: Any) -> Finding:
    return Finding(Level.ERROR, where, message, hint, facts)


def warning(where: str, message: str, hint: str = "", **facts: Any) -> Finding:
    return Finding(Level.WARNING, where, message, hint, facts)


def info(where: str, message: str, hint: str = "", **facts: Any) -> Finding:
    return Finding(Level.INFO, where, message, hint, facts)


def unchecked(where: str, why: str, hint: str = "") -> Finding:
    return Finding(Level.WARNING, where, f"could not be checked: {why}.", hint, {}, is_unchecked=True)
