"""
Comments that accept a finding: ``# reversible: ignore RM203 -- why``.

One counts for the operation on whose lines, or above which, it stands; on the line of the class, or above it, for the
whole migration. Without a reason it counts for nothing, and is a finding itself.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from .finding import Finding
from .linter_rules import NO_REASON, UNUSED_SUPPRESSION
from .options import Options
from .source import Source
from .subject import MigrationSubject

WRITTEN = re.compile(r"#\s*reversible:\s*ignore\b(?P<codes>[\w\s,]*)(?:--(?P<reason>.*))?$")
WORD = "reversible:"  # most files have none, and need not be cut into words


@dataclass
class Suppression:
    line: int
    codes: tuple[str, ...]
    reason: str
    is_alone: bool  # nothing but the comment stands on the line, so it is about the next one
    used: set[str] = field(default_factory=set)

    def covers(self, finding: Finding, class_line: int) -> bool:
        if finding.code not in self.codes or not self.reason:
            return False
        about = self.line + 1 if self.is_alone else self.line
        return about == class_line or any(first <= self.line <= last or about == first for first, last in finding.spans)


def suppressions(source: Source | None) -> list[Suppression]:
    """Return the suppressions in a file."""
    if source is None or WORD not in source.text:
        return []
    lines = source.text.splitlines()
    found = []
    for line, comment in source.comments.items():
        if match := WRITTEN.match(comment):
            codes = tuple(code.upper() for code in re.split(r"[\s,]+", match["codes"]) if code)
            is_alone = lines[line - 1].lstrip().startswith("#")
            found.append(Suppression(line, codes, (match["reason"] or "").strip(), is_alone))
    return found


def unsuppressed(
    migration: MigrationSubject, findings: list[Finding], options: Options
) -> tuple[list[Finding], list[Finding]]:
    """Return the findings about one migration that no comment accepts, with those about comments; and the accepted."""
    comments = suppressions(migration.source)
    left: list[Finding] = []
    accepted: list[Finding] = []
    for finding in findings:
        covering = [each for each in comments if each.covers(finding, migration.place.line)]
        for each in covering:
            each.used.add(finding.code)
        if covering:
            accepted.append(replace(finding, accepted_because=covering[0].reason))
        else:
            left.append(finding)
    return [*left, *_about_comments(migration, comments, options)], accepted


def _about_comments(migration: MigrationSubject, comments: list[Suppression], options: Options) -> Iterator[Finding]:
    checked = {rule.code for rule in options.rules}
    for comment in comments:
        if not comment.reason:
            codes = ", ".join(comment.codes) or "RM..."
            message = "The suppression gives no reason, so it suppresses nothing."
            yield NO_REASON.finding(migration, message, f"# reversible: ignore {codes} -- why", comment.line)
            continue
        for code in comment.codes:
            is_known = not options.is_narrowed or code in checked
            if code not in comment.used and is_known and is_on(code, migration.app_label, options):
                hint = f"Take {code} out of the comment."
                message = f"The suppression of {code} suppresses nothing."
                yield UNUSED_SUPPRESSION.finding(migration, message, hint, comment.line)
        if not comment.codes:
            yield UNUSED_SUPPRESSION.finding(
                migration, "The suppression names no rule.", "# reversible: ignore RM101 -- why", comment.line
            )


def is_on(code: str, app: str, options: Options) -> bool:
    rule = next((rule for rule in options.rules if rule.code == code), None)
    return rule is None or options.level_of(code, rule.level, app) is not None
