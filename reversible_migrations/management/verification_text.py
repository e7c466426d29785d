"""What a verification found as lines of text and as JSON, for ``verify_migrations``."""

from collections.abc import Iterator
from typing import Any

from ..progress import words
from ..verification import CheckResult, Finding, Level, Report
from .columns import columns

OUTCOMES = {"unchecked": "could not be checked", "info": "fine, with a note"}


def report_lines(report: Report) -> Iterator[str]:
    """Yield the checks with their outcomes, then what they found, grouped by check, then one line that sums it up."""
    heads = {"check": "<", "looked at": "<", "": "<"}
    yield from columns(heads, [_cells(result) for result in report.results], indent=0)
    for result in report.results:
        if result.findings or result.sampled:
            yield ""
            yield f"{result.title}:"
            for finding in result.findings:
                yield from finding_lines(finding)
            yield from (f"  sampled: {text}" for text in result.sampled)
    yield ""
    yield summary(report)


def _cells(result: CheckResult) -> list[str]:
    return [result.name, f"{result.looked_at:,} {result.things}", OUTCOMES.get(result.outcome, result.outcome)]


def finding_lines(finding: Finding) -> Iterator[str]:
    yield f"  {'unchecked' if finding.is_unchecked else finding.level}: {finding.where}: {finding.message}"
    if finding.hint:
        yield f"    {finding.hint}"


def summary(report: Report) -> str:
    """Return one line: what is wrong in which database, and what is not known."""
    counted = {level: report.count(level) for level in (Level.ERROR, Level.WARNING)}
    faults = " and ".join(_number(number, str(level)) for level, number in counted.items() if number)
    taken = words.duration(sum(result.seconds for result in report.results))
    checks = f"{len(report.results)} checks of the database {report.alias!r} in {taken}"
    unknown = f" {_number(report.unchecked, 'thing')} could not be checked." if report.unchecked else ""
    if faults:
        return f"Found {faults} by {checks}.{unknown}"
    if unknown:
        return f"Nothing wrong was found by {checks}, but not all was looked at.{unknown}"
    return f"Nothing is wrong by {checks}."


def _number(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number:,} {what}s"


def report_facts(report: Report) -> dict[str, Any]:
    return {
        "fine": report.is_fine,
        "errors": report.count(Level.ERROR),
        "warnings": report.count(Level.WARNING),
        "unchecked": report.unchecked,
        "checks": [_result_facts(result) for result in report.results],
    }


def _result_facts(result: CheckResult) -> dict[str, Any]:
    return {
        "check": result.name, "outcome": result.outcome, "looked_at": result.looked_at, "things": result.things,
        "seconds": round(result.seconds, 3), "sampled": list(result.sampled),
        "findings": [
            {
                "level": str(finding.level), "is_unchecked": finding.is_unchecked, "where": finding.where,
                "message": finding.message, "hint": finding.hint, "facts": finding.facts,
            }
            for finding in result.findings
        ],
    }  # fmt: skip
