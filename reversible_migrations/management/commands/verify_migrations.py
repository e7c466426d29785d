"""
``manage.py verify_migrations``: whether the database is as its migrations left it, and what can still be undone.

``--json`` writes ``{"version": 1, "database": alias, "app": label or null, "migration": name or null, "failed": bool,
"fine": bool, "errors": number, "warnings": number, "unchecked": number, "checks": [check, ...]}``.

A check has ``check`` (its name), ``outcome`` ("error", "warning", "unchecked", "info" or "fine"), ``looked_at``,
``things``, ``seconds``, ``sampled`` (texts) and ``findings``. A finding has ``level`` ("error", "warning" or "info"),
``is_unchecked``, ``where``, ``message``, ``hint`` and ``facts`` (figures and names, no values of rows).

The exit status is 0, or 1 with findings of the level of ``--fail-on`` or after an error.
"""

from typing import Any

from django.core.management.base import CommandParser

from reversible_migrations.verification import Level, Report, note, verify
from reversible_migrations.verification.names import named

from ..ledger_command import LedgerCommand
from ..verification_text import report_facts, report_lines


class Command(LedgerCommand):
    help = (
        "Looks whether the database is as its migrations left it: rollback data, schema, references, indexes, "
        "sequences, and what can still be undone. Changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("app_label", nargs="?", help="verify this app only")
        parser.add_argument("migration_name", nargs="?", help="verify this migration only (its name or the beginning)")
        parser.add_argument("--rows", action="store_true", help="read large tables too, and look for dangling rows")
        parser.add_argument(
            "--conflicts", action="store_true", help="compare the rows of large steps with their journals"
        )
        parser.add_argument(
            "--fail-on", choices=[str(Level.ERROR), str(Level.WARNING)], default=str(Level.ERROR),
            help="end with 1 from this level on (default: error)",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        alias = options["database"]
        only = named(alias, options["app_label"], options["migration_name"])
        report = verify(alias, only.apps, only.migrations, rows=options["rows"], conflicts=options["conflicts"])
        if options["app_label"] is None:
            note(report)
        failed = report.fails_on(Level(options["fail_on"]))
        self._tell(report, options, failed)
        if failed:
            raise SystemExit(1)

    def _tell(self, report: Report, options: dict[str, Any], failed: bool) -> None:
        if options["json"]:
            asked = {"app": options["app_label"], "migration": options["migration_name"], "failed": failed}
            self.write_json({"database": options["database"], **asked, **report_facts(report)})
            return
        for line in report_lines(report):
            self.stdout.write(line)
