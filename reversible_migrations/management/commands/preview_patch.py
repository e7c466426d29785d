"""
``manage.py preview_patch``: the first rows of every step, before and after; nothing is changed.

``--json`` writes ``{"version": 1, "database": alias, "preview": preview}``. The preview has
``migration``, ``rows``, ``without`` (patches before it that are not applied), ``steps``, ``stopped`` (why
there are no more steps, or ""), ``error`` (one that ``migrate`` would meet too, or ""). A step has ``number``,
``kind``, ``model``, ``note`` (why nothing is shown, or ""), ``changed``, ``skipped``, ``failed`` (rows by type of
error) and ``tables``; a table ``table``, ``kind`` ("update", "create" or "delete") and ``rows``; a row
``key``, ``before`` (null if it is created) and ``after`` (null if it is deleted), each by column.

The exit status is 1 after an error, also one that ``migrate`` would meet.
"""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from reversible_migrations.authoring.preview import preview

from ..ledger_command import LedgerCommand, positive
from ..preview_text import preview_lines


class Command(LedgerCommand):
    help = (
        "Shows what a migration would do to the first rows of each of its steps, before and after, and changes "
        "nothing: it is done in a transaction that is rolled back. Ordinary operations are not run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("app_label", help="label of the app")
        parser.add_argument("migration_name", help="name of an unapplied migration, or its beginning")
        parser.add_argument("--rows", type=positive, default=10, help="rows of each step (default 10)")
        parser.add_argument(
            "--run-recorded", action="store_true",
            help="run recorded code too: over all the rows it touches, and with its tables locked for writing",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        found = preview(
            options["database"],
            options["app_label"],
            options["migration_name"],
            options["rows"],
            options["run_recorded"],
        )
        if options["json"]:
            self.write_json({"database": options["database"], "preview": found})
        else:
            for line in preview_lines(found, self.style):
                self.stdout.write(line)
        if found.error:
            raise CommandError(found.error)
