"""Alerts about what a verification finds: the database is not as its migrations left it."""

from datetime import datetime

from ..alerts.conditions import Sign, mismatch
from ..alerts.options import options
from ..alerts.watching import Lookout, Told
from ..states import Level
from .inspection import verify
from .noting import note
from .report import Report

OF_RUNS = "runs"  # the check of runs that are not finished: those are told by themselves


def watch_mismatches(alias: str, now: datetime) -> list[Told]:
    """Verify the whole database and tell what is wrong, or that nothing is any more; return what was told."""
    report = verify(alias)
    note(report)  # else the next look of others would tell what the last noted one has found
    return tell(report, now)


def tell(report: Report, now: datetime) -> list[Told]:
    """Tell what ``report``, of a whole database, has found; that all is well again only if all was looked at."""
    sign = sign_of(report)
    if sign is None and report.unchecked:
        return []
    return Lookout(report.alias, options()).at_mismatches(sign, now)


def sign_of(report: Report) -> Sign | None:
    """Return what to tell of the errors of ``report``, or None without any; the checks are named, no rows are."""
    faulty = [result for result in report.results if result.outcome == Level.ERROR and result.name != OF_RUNS]
    if not faulty:
        return None
    faults = sum(finding.level == Level.ERROR for result in faulty for finding in result.findings)
    return mismatch(faults, f": {', '.join(result.title for result in faulty)}")
