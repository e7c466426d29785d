"""
``manage.py send_test_alert``: send a test by the outlets of the setting ``ALERTS``, and show what became of it.

``--json`` writes ``{"version": 1, "database": alias, "message": message or null, "deliveries": [delivery, ...]}``. A
delivery has ``outlet``, ``tries`` and ``problem`` ("" once it is sent).

The exit status is 0, or 1 when an outlet failed or there is none.
"""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from reversible_migrations.alerts.trial import send_test
from reversible_migrations.alerts.watching import Told
from reversible_migrations.states import AlertLevel

from ..alert_text import delivery_line, told_facts
from ..ledger_command import LedgerCommand


class Command(LedgerCommand):
    help = "Sends a test alert by the outlets that the setting ALERTS names for a level, and shows what became of it."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--level", choices=AlertLevel.values, default=str(AlertLevel.CRITICAL),
            help="which outlets: those that take alerts of this level (critical: all)",
        )  # fmt: skip
        parser.add_argument("--outlet", help="this outlet only, whatever its level")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            told = send_test(options["database"], AlertLevel(options["level"]), options["outlet"])
        except ValueError as error:
            raise CommandError(f"The setting ALERTS: {error}.") from None
        self._tell(told, options)
        if not told.is_sent or not told.deliveries:
            raise SystemExit(1)

    def _tell(self, told: Told, options: dict[str, Any]) -> None:
        if options["json"]:
            self.write_json({"database": options["database"], **told_facts([told])[0]})
            return
        for delivery in told.deliveries:
            self.stdout.write(delivery_line(delivery))
        if not told.deliveries:
            self.stdout.write(f"No outlet takes alerts of level {options['level']}.")
