"""
``manage.py write_metrics FILE``: the metrics as a file, for the textfile collector of Prometheus' node exporter.

For hosts on which no web server runs that Prometheus could ask: call it every minute, and after ``migrate``.

The exit status is 0, or 1 where the file cannot be written or ``prometheus-client`` is not installed.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from reversible_migrations.exceptions import ReversibleMigrationError
from reversible_migrations.monitoring.exposition import LedgerCollector, write_text


class Command(BaseCommand):
    help = "Writes the metrics of all databases into a file, as a whole, for node exporter's textfile collector."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the file, whose name has to end in .prom for node exporter")
        parser.add_argument(
            "--database", action="append", choices=tuple(connections), help="this database only; may be given again"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            write_text(options["file"], LedgerCollector(options["database"]))
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be written: {error.strerror}. It is as it was.") from None
        except ReversibleMigrationError as error:
            raise CommandError(str(error), returncode=error.exit_code) from None
