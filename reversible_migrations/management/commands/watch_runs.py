"""
``manage.py watch_runs``: look at the runs of a database, and alert people to what is wrong.

``--json`` writes ``{"version": 1, "database": alias, "told": [told, ...]}``. A told has ``message`` (as in
``docs/reference/alerts.md``) and ``deliveries``, each with ``outlet``, ``tries`` and ``problem`` ("" once it is sent).

The exit status is 0, or 1 when an outlet did not take what it was to be told, or after an error.
"""

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from reversible_migrations.alerts.watching import Told, watch
from reversible_migrations.verification.mismatches import watch_mismatches

from ..alert_text import told_facts, told_lines
from ..ledger_command import LedgerCommand, positive


class Command(LedgerCommand):
    help = (
        "Looks at the runs of a database and tells the outlets of the setting ALERTS what is wrong, and what is no "
        "longer wrong, each once. For cron, or with --watch for a supervisor."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--watch", action="store_true", help="look again and again, until it is stopped")
        parser.add_argument("--every", type=positive, default=60, help="with --watch: seconds between two looks (60)")
        parser.add_argument("--verify", action="store_true", help="verify the database too, as verify_migrations does")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["watch"]:
            if not all(each.is_sent for each in self._look(options)):
                raise SystemExit(1)
            return
        while True:
            try:
                self._look(options)
            except DatabaseError as error:  # it may be back at the next look
                self.stderr.write(f"The database {options['database']!r} could not be read: {type(error).__name__}.")
            close_old_connections()
            time.sleep(options["every"])

    def _look(self, options: dict[str, Any]) -> list[Told]:
        try:
            told = watch(options["database"])
            if options["verify"]:
                told += watch_mismatches(options["database"], timezone.now())
        except ValueError as error:
            raise CommandError(f"The setting ALERTS: {error}.") from None
        if options["json"]:
            self.write_json(
                {"database": options["database"], "told": told_facts(told)}, None if options["watch"] else 2
            )
        elif options["verbosity"] > 0:
            for line in told_lines(told, "" if options["watch"] else "There is nothing new to tell."):
                self.stdout.write(line)
        return told
