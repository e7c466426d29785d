"""
``manage.py carry_out ORDER``: do what somebody ordered from the page, which starts it.

The exit status is that of the command which was ordered.
"""

from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandParser

from reversible_migrations.phases.orders import carry_out

from ..ledger_command import LedgerCommand, add_database, positive


class Command(LedgerCommand):
    help = "Does what was ordered from the page: starts or undoes a run. The page starts it by itself."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("order", type=positive, help="number of the order")
        add_database(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        carry_out(options["database"], options["order"], lambda arguments: call_command(*arguments))
