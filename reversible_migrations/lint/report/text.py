"""Text for people: the place that editors can open, the harm, and what to write instead."""

from collections.abc import Iterator
from pathlib import Path

from ...states import Level
from ..finding import Finding
from ..linter import Report

NAME = "text"


def written(report: Report) -> str:
    return "\n".join([*(line for finding in report.findings for line in lines_of(finding)), summary(report)])


def lines_of(finding: Finding) -> Iterator[str]:
    """Yield the place, level, code and harm of a finding, its hint indented, and an empty line."""
    number = f", operation {finding.operation}" if finding.operation else ""
    yield f"{shown(finding.path)}:{finding.line}: {finding.level} {finding.code} ({finding.name})"
    yield f"  {finding.where}{number}: {finding.message}"
    yield from (f"    {line}" for line in finding.hint.splitlines())
    yield ""


def shown(path: str) -> str:
    """Return a path as seen from here, if it lies below."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


def summary(report: Report) -> str:
    looked_at = number(len(report.migrations), "migration")
    accepted = f" ({len(report.accepted):,} accepted)" if report.accepted else ""
    counted = [number(found, str(level)) for level in Level if (found := report.count(level))]
    *more, last = counted or ["nothing"]
    return f"Found {', '.join(more) + ' and ' if more else ''}{last} in {looked_at}{accepted}."


def number(count: int, what: str) -> str:
    plural = what if count == 1 or what == str(Level.INFO) else f"{what}s"
    return f"{count:,} {plural}"
