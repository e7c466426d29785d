"""
The rules: what they have in common, and where they are found.

A rule of ours is one file of ``rules``, named by its code. A project names its own by dotted path in
``REVERSIBLE_MIGRATIONS["LINT"]["RULES"]``.
"""

import inspect
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import import_module
from typing import Any, ClassVar

from django.db.migrations.operations.base import Operation
from django.utils.module_loading import import_string

from ..exceptions import CannotLint
from ..states import Level
from .finding import Finding
from .subject import MigrationSubject, OperationSubject, Subject


class Rule(ABC):
    """
    One rule. ``code`` is "RM101", ``name`` "irreversible-python", ``level`` what its findings are by default.

    ``link`` is the official source of the fault. A rule yields findings, mostly by ``finding``.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    level: ClassVar[Level]
    link: ClassVar[str] = ""

    def finding(self, subject: Subject, message: str, hint: str = "", line: int | None = None) -> Finding:
        """Return a finding about ``subject``; ``line`` is a better one than that of its operation or class."""
        is_operation = isinstance(subject, OperationSubject)
        migration = subject.migration if isinstance(subject, OperationSubject) else subject
        place = subject.place
        own = ((place.line, place.last_line),)
        return Finding(
            self.code, self.name, self.level, migration.app_label, migration.name,
            operation=subject.path if is_operation else None, message=message, hint=hint, path=migration.path,
            line=line or place.line, spans=own if line is None else (*own, (line, line)), fingerprint=place.fingerprint,
        )  # fmt: skip

    @property
    def description(self) -> str:
        """Return the fault in a sentence: how the docstring of the rule begins, or of its file."""
        told = inspect.cleandoc(type(self).__doc__ or import_module(type(self).__module__).__doc__ or "")
        return " ".join(told.partition("\n\n")[0].split()) or self.name

    @property
    def is_own(self) -> bool:
        """Return whether it is a rule of this package, with a page in its documentation."""
        return type(self).__module__.startswith(f"{__package__}.")

    @property
    def page(self) -> str:
        return f"docs/reference/rules/{self.code.lower()}.md"


class OperationRule(Rule):
    """
    A rule on operations of the kinds ``operations``, wherever they are nested.

    Those that only change the state are left out, unless ``sees_state`` says otherwise.
    """

    operations: ClassVar[tuple[type[Operation], ...]]
    sees_state: ClassVar[bool] = False

    def is_about(self, subject: OperationSubject) -> bool:
        return isinstance(subject.operation, self.operations) and (self.sees_state or subject.is_on_database)

    @abstractmethod
    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        """Yield the findings about an operation; the project's state is the one before it."""


class MigrationRule(Rule):
    """A rule on a migration with all its operations."""

    @abstractmethod
    def check(self, subject: MigrationSubject) -> Iterator[Finding]: ...


class ProjectRule(Rule):
    """A rule on all migrations that are looked at, in their order."""

    @abstractmethod
    def check(self, subjects: Sequence[MigrationSubject]) -> Iterator[Finding]: ...


class LinterRule(Rule):
    """What the linter itself has to say: about a migration that it could not read, or about how it is used."""

    def __init__(self, code: str, name: str, level: Level):
        self.code, self.name, self.level = code, name, level  # type: ignore[misc]  # one class for all of them

    @property
    def description(self) -> str:
        return f"{self.name.replace('-', ' ').capitalize()}."


@cache
def own_rules() -> tuple[Rule, ...]:
    """Return the rules of this package, found by the names of their files."""
    from . import rules

    names = sorted(name for _, name, _ in pkgutil.iter_modules(rules.__path__))
    return tuple(_rule_in(import_module(f"{rules.__name__}.{name}"), name) for name in names)


def _rule_in(module: Any, name: str) -> Rule:
    own = [kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == module.__name__]
    (rule,) = (kind() for kind in own if issubclass(kind, Rule))
    assert rule.code.lower() == name, f"{module.__name__} has the rule {rule.code}"
    return rule


def rules_with(paths: Iterable[str]) -> list[Rule]:
    """
    Return the rules of this package and those at dotted ``paths``.

    Raise ``CannotLint`` for a path that leads to no rule, or for one with the code of another.
    """
    from .linter_rules import LINTER_RULES

    found = {rule.code: rule for rule in own_rules()}
    taken = {rule.code for rule in LINTER_RULES} | set(found)
    for path in paths:
        rule = _user_rule(path)
        if rule.code in taken:
            raise _unusable(path, f"has the code {rule.code}, which another rule has.", "Give it a code of its own.")
        taken.add(rule.code)
        found[rule.code] = rule
    return list(found.values())


def _user_rule(path: str) -> Rule:
    try:
        kind = import_string(path)
    except ImportError as error:
        raise _unusable(path, f"cannot be imported: {error}.", "Name a class by its dotted path.") from error
    if not (isinstance(kind, type) and issubclass(kind, OperationRule | MigrationRule | ProjectRule)):
        raise _unusable(path, "is no rule.", "Base it on OperationRule, MigrationRule or ProjectRule.")
    lacking = [name for name in ("code", "name", "level") if not hasattr(kind, name)]
    if lacking:
        raise _unusable(path, f"has no {lacking[0]}.", "A rule has `code`, `name`, `level` and `check(subject)`.")
    return kind()


def _unusable(path: str, what: str, todo: str) -> CannotLint:
    return CannotLint(f"REVERSIBLE_MIGRATIONS['LINT']['RULES']: {path}", what, "Nothing was looked at.", todo)
