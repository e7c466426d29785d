"""
``manage.py migration_health``: whether what migrations need is there, before a deploy or from a monitoring system.

``--json`` writes ``{"version": 1, "status": outcome, "checks": [check, ...]}``. A check has ``name``, ``database`` (""
for none), ``outcome`` ("ok", "warning" or "failed"), ``words``, ``figure`` (a number or null) and ``unit``.

The exit status is 0, or 1 where a check has failed; with ``--fail-on warning`` also where one has a warning.
"""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from reversible_migrations.monitoring.health import Health, Outcome, check_health
from reversible_migrations.monitoring.health_facts import facts_of

from ..columns import columns
from ..ledger_command import JSON_VERSION


class Command(BaseCommand):
    help = (
        "Looks whether databases, channel layer, disk, memory, CPU and backup are fit for migrations, and whether "
        "every open run has its process."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--database", action="append", choices=tuple(connections), help="this database only; may be given again"
        )
        parser.add_argument(
            "--fail-on", choices=[str(Outcome.FAILED), str(Outcome.WARNING)], default=str(Outcome.FAILED),
            help="end with 1 from this outcome on (default: failed)",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true", help=f"write JSON (version {JSON_VERSION}) instead of words")

    def handle(self, *args: Any, **options: Any) -> None:
        health = check_health(options["database"])
        if options["json"]:
            self.stdout.write(json.dumps(facts_of(health), indent=2))
        else:
            self._tell(health)
        if health.fails_on(Outcome(options["fail_on"])):
            raise SystemExit(1)

    def _tell(self, health: Health) -> None:
        heads = {"check": "<", "database": "<", "outcome": "<", "": "<"}
        rows = [[check.name, check.subject, str(check.outcome), check.words] for check in health.checks]
        for line in columns(heads, rows, indent=0):
            self.stdout.write(line)
