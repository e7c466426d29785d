"""Lets the rules look at every migration, and keeps what they find as settings, comments and baseline want it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from traceback import extract_tb
from typing import Any

from ..states import Level
from .finding import Finding
from .fixing import Fixes
from .linter_rules import FAILED_RULE, LINTER_RULES
from .options import Options
from .project import Project
from .registry import MigrationRule, OperationRule, ProjectRule, Rule
from .subject import MigrationSubject, OperationSubject, Subject
from .suppressions import unsuppressed
from .walk import walk


@dataclass
class Report:
    """
    What was found: ``findings`` in the order of the migrations, ``accepted`` those that comments or a baseline accept.

    ``migrations`` are those that were looked at, ``rules`` those that looked. ``fail_on`` is what the command fails on.
    ``fixes`` are planned where they are asked for.
    """

    findings: list[Finding] = field(default_factory=list)
    accepted: list[Finding] = field(default_factory=list)
    migrations: list[MigrationSubject] = field(default_factory=list)
    rules: tuple[Rule, ...] = ()
    fail_on: Level = Level.ERROR
    fixes: Fixes = field(default_factory=Fixes)

    def add(self, other: "Report") -> None:
        """Add what was found in another project."""
        self.findings += other.findings
        self.accepted += other.accepted
        self.migrations += other.migrations

    def count(self, level: Level) -> int:
        return sum(finding.level == level for finding in self.findings)

    def fails_on(self, level: Level) -> bool:
        """Return whether there is a finding of ``level`` or worse."""
        return any(finding.level.is_at_least(level) for finding in self.findings)


def lint(project: Project, options: Options) -> Report:
    """Return what the rules of ``options`` find in the wanted migrations of ``project``."""
    for subject in project.migrations.values():
        subject.is_wanted &= not options.is_excluded(subject.app_label, subject.name)
    report, found = Report(rules=tuple(options.rules)), list(project.findings)
    for seen in walk(project):
        if isinstance(seen, Finding):
            found.append(seen)
            continue
        found += _check(seen, options.rules)
        if isinstance(seen, MigrationSubject):
            report.migrations.append(seen)
    for rule in options.rules:
        if isinstance(rule, ProjectRule) and report.migrations:
            found += _guarded(rule, report.migrations, report.migrations[-1])
    _keep(report, [each for each in found if not options.is_excluded(each.app, each.migration)], options)
    return report


def _check(subject: Subject, rules: Iterable[Rule]) -> Iterator[Finding]:
    for rule in rules:
        if isinstance(subject, OperationSubject):
            if isinstance(rule, OperationRule) and rule.is_about(subject):
                yield from _guarded(rule, subject, subject)
        elif isinstance(rule, MigrationRule):
            yield from _guarded(rule, subject, subject)


def _guarded(rule: Any, seen: Any, subject: Subject) -> list[Finding]:
    """Return what ``rule`` finds; if it fails, that: one rule's fault does not hide what others find."""
    try:
        return list(rule.check(seen))
    except Exception as error:  # whatever a rule of the project's own, or of ours, stumbles over
        where = extract_tb(error.__traceback__)[-1]
        message = f"Rule {rule.code} failed here ({type(error).__name__} at {where.filename}, line {where.lineno})."
        hint = f'Mend the rule, or leave it out: "LINT": {{"LEVELS": {{"{rule.code}": "off"}}}}.'
        return [FAILED_RULE.finding(subject, message, hint)]


def _keep(report: Report, found: list[Finding], options: Options) -> None:
    """Fill ``report`` with what is left of ``found`` by levels and comments, in the order of the migrations."""
    by_migration: dict[tuple[str, str], list[Finding]] = {}
    for finding in found:
        by_migration.setdefault((finding.app, finding.migration), []).append(finding)
    seen = {(subject.app_label, subject.name): subject for subject in report.migrations}
    without_subject = [finding for key, findings in by_migration.items() if key not in seen for finding in findings]
    report.findings += _leveled(without_subject, options)
    for key, subject in seen.items():
        own = list(_leveled(by_migration.get(key, []), options))
        left, accepted = unsuppressed(subject, own, options)
        report.findings += sorted(_leveled(left, options), key=lambda finding: (finding.line, finding.code))
        report.accepted += accepted


def _leveled(findings: Iterable[Finding], options: Options) -> Iterator[Finding]:
    """Yield the findings with the levels that the settings give them, without those that are off."""
    own = {rule.code: rule.level for rule in (*LINTER_RULES, *options.rules)}
    for finding in findings:
        level = options.level_of(finding.code, own.get(finding.code, finding.level), finding.app)
        if level is not None:
            yield replace(finding, level=level)
