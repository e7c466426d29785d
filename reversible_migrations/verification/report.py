"""What a verification found, check by check."""

from dataclasses import dataclass, field

from ..states import Level
from .finding import Finding


@dataclass(frozen=True)
class CheckResult:
    """
    What one check found. ``looked_at`` is how many things it examined, called ``things`` ("journals").

    ``sampled`` are sentences about what was not looked at in full; ``seconds`` is what it took by the clock.
    """

    name: str
    title: str
    things: str
    looked_at: int
    seconds: float
    findings: tuple[Finding, ...] = ()
    sampled: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """Return "error", "warning", "unchecked", "info" or "fine": the worst of it."""
        known = [finding.level for finding in self.findings if not finding.is_unchecked]
        for level in (Level.ERROR, Level.WARNING):
            if level in known:
                return str(level)
        if any(finding.is_unchecked for finding in self.findings):
            return "unchecked"
        return "info" if known else "fine"


@dataclass
class Report:
    """The results of all checks that were made on the database ``alias``."""

    alias: str
    results: list[CheckResult] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        return [finding for result in self.results for finding in result.findings]

    def count(self, level: Level) -> int:
        return sum(finding.level == level and not finding.is_unchecked for finding in self.findings)

    @property
    def unchecked(self) -> int:
        return sum(finding.is_unchecked for finding in self.findings)

    @property
    def is_fine(self) -> bool:
        """Return whether everything was looked at and nothing is wrong."""
        return not (self.count(Level.ERROR) or self.count(Level.WARNING) or self.unchecked)

    def fails_on(self, level: Level) -> bool:
        """Return whether there is a finding of ``level`` or worse; what could not be checked is a warning."""
        return any(finding.level.is_at_least(level) for finding in self.findings)
