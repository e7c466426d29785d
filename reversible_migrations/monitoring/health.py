"""
Whether what migrations need is there: databases, channel layer, room on the disk, a backup, live processes.

``check_health`` asks everything within a time limit and returns a ``Health``; whatever fails is a result, no error.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ..databases import served_databases


class Outcome(StrEnum):
    OK = "ok"
    WARNING = "warning"  # it works, and somebody should look
    FAILED = "failed"  # a migration would not get through now


@dataclass(frozen=True)
class CheckResult:
    """
    What one check found. ``subject`` is the database that it is about, "" for none.

    ``words`` is a sentence for people, with what to do; ``figure`` a number in ``unit``, None where there is none.
    """

    name: str
    outcome: Outcome
    words: str
    figure: float | None = None
    unit: str = ""
    subject: str = ""


@dataclass(frozen=True)
class Health:
    checks: tuple[CheckResult, ...]

    @property
    def outcome(self) -> Outcome:
        """Return the worst of all."""
        found = {check.outcome for check in self.checks}
        return next((outcome for outcome in (Outcome.FAILED, Outcome.WARNING) if outcome in found), Outcome.OK)

    def fails_on(self, outcome: Outcome) -> bool:
        """Return whether a check has failed; with ``Outcome.WARNING``, or has a warning."""
        return self.outcome == Outcome.FAILED or self.outcome == outcome


def check_health(aliases: Iterable[str] | None = None) -> Health:
    """Return the health, of all databases that can have a ledger or of ``aliases`` only."""
    from .health_checks import database_checks, host_checks, other_checks  # they need the app registry

    chosen = list(aliases or served_databases())
    return Health((*database_checks(chosen), *host_checks(), *other_checks()))
