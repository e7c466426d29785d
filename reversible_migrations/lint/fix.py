"""
The fixes: what they have in common, and where they are found.

A fix is one file of ``fixes``, named by the code of its rule. It rewrites what has one right answer, and says why it
leaves the rest to people.
"""

import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, ClassVar

from .finding import Finding
from .rewriting import Rewriting
from .subject import OperationSubject


class Fix(ABC):
    """One fix, of what the rule with the same ``code`` finds."""

    code: ClassVar[str]

    @abstractmethod
    def plan(self, finding: Finding, subject: OperationSubject, file: Rewriting) -> None:
        """
        Note in ``file`` what mends ``finding``, about the operation ``subject``; the state is the one before it.

        Raise ``CannotFix`` with the reason, before anything is noted, if there is not one right answer.
        """


@cache
def own_fixes() -> Mapping[str, Fix]:
    """Return the fixes by the codes of their rules, found by the names of their files."""
    from . import fixes

    names = sorted(name for _, name, _ in pkgutil.iter_modules(fixes.__path__) if name.startswith("rm"))
    found = [_fix_in(import_module(f"{fixes.__name__}.{name}")) for name in names]
    return {fix.code: fix for fix in found}


def _fix_in(module: Any) -> Fix:
    kinds = (kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == module.__name__)
    fix: Fix = next(kind() for kind in kinds if issubclass(kind, Fix))
    return fix
