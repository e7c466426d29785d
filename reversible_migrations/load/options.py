"""What is wrong with the settings of load control, beyond their types."""

import math
from collections.abc import Mapping
from typing import Any

from ..conf import setting
from ..databases.base import Database
from .gauges import build_gauges, extra_gauge
from .windows import Windows


def fault_of(name: str, value: Any) -> str | None:
    """Return what is wrong with a value of ``WINDOW``, ``LIMITS`` or ``GAUGES`` as a sentence, or None."""
    try:
        if name == "WINDOW" and value is not None:
            Windows.parse(value, "UTC")
        elif name == "LIMITS":
            _refuse_limits(value)
        elif name == "GAUGES":
            for given in value:
                extra_gauge(given)
    except ValueError as error:
        return str(error)
    return None


def _refuse_limits(limits: Mapping[str, Any]) -> None:
    for name, limit in limits.items():
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int | float) or limit < 0):
            raise ValueError(f"the limit of {name!r} must be a number of 0 or more, or None, not {limit!r}")
        if limit is not None and not math.isfinite(limit):
            raise ValueError(f"the limit of {name!r} must be a finite number, or None, which switches it off")


def gauges_fault(db: Database, limits: Mapping[str, float | None]) -> str | None:
    """Return why there are no such gauges on ``db``, with the project's own among them, or None."""
    try:
        build_gauges(db, limits, setting("GAUGES"))
    except ValueError as error:
        return str(error)
    return None
