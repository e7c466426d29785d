"""
The health as a check of django-health-check (4.x), which the project has installed and configured by itself.

    HealthCheckView.as_view(checks=["reversible_migrations.monitoring.django_health_check.Migrations"])

There a check has failed or is "OK": warnings count as failed only with ``warnings=True``. The words that it
shows name what failed, without the details.
"""

import dataclasses
from datetime import timedelta

from health_check.base import HealthCheck
from health_check.exceptions import ServiceUnavailable, ServiceWarning

from .health import CheckResult, Outcome, check_health


@dataclasses.dataclass
class Migrations(HealthCheck):  # type: ignore[misc]  # it has no types
    warnings: bool = dataclasses.field(default=False, repr=False)
    timeout: timedelta = dataclasses.field(default=timedelta(seconds=30), repr=False)

    def run(self) -> None:
        """Raise ``ServiceUnavailable`` for what has failed, ``ServiceWarning`` for warnings if those count."""
        health = check_health()
        failed = [check for check in health.checks if check.outcome == Outcome.FAILED]
        if failed:
            raise ServiceUnavailable(in_words(failed))
        warned = [check for check in health.checks if check.outcome == Outcome.WARNING]
        if warned and self.warnings:
            raise ServiceWarning(in_words(warned))


def in_words(checks: list[CheckResult]) -> str:
    return ", ".join(f"{check.name} ({check.subject})" if check.subject else check.name for check in checks)
