"""What the last verifications found, noted in the ledger for metrics and alerts: numbers, no findings."""

from contextlib import suppress

from django.db import DatabaseError, transaction
from django.db.models.functions import Now

from ..models import Verification
from ..states import Level
from .checks.runs import Runs
from .report import Report


def note(report: Report) -> None:
    """Note the ``report`` of a whole database; where that cannot be written, it is only not noted."""
    with suppress(DatabaseError), transaction.atomic(using=report.alias):
        Verification.objects.using(report.alias).create(
            at=Now(), seconds=sum(result.seconds for result in report.results), errors=report.count(Level.ERROR),
            warnings=report.count(Level.WARNING), unchecked=report.unchecked, mismatches=mismatches(report),
        )  # fmt: skip


def mismatches(report: Report) -> int:
    """Return how many errors are about data and schema: a run that failed has left both as the ledger says."""
    found = [finding for result in report.results if result.name != Runs.name for finding in result.findings]
    return sum(finding.level == Level.ERROR and not finding.is_unchecked for finding in found)
