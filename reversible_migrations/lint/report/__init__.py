"""
The forms in which findings are written: one file each, found by the name of the form that it gives itself.

A form is a module here with ``NAME`` ("json") and ``written(report: Report) -> str``.
"""

import pkgutil
from functools import cache
from importlib import import_module
from typing import Protocol

from ..linter import Report


class Format(Protocol):
    NAME: str

    def written(self, report: Report) -> str:
        """Return the whole text, without a line end behind it."""
        ...


@cache
def formats() -> dict[str, Format]:
    """Return the forms by their names; "text" is the first."""
    modules = [import_module(f"{__name__}.{name}") for _, name, _ in pkgutil.iter_modules(__path__)]
    found: dict[str, Format] = {module.NAME: module for module in modules}
    return dict(sorted(found.items(), key=lambda item: (item[0] != "text", item[0])))
