"""
``manage.py migration_status``: what ran, what is running, and what can be undone.

``--json`` writes ``{"version": 1, "database": alias, "runs": [run, ...], "rows_set_aside": [row, ...]}``.

A run has ``id``, ``app``, ``name``, ``direction`` ("forwards" or "backwards"), ``status`` ("running",
"paused", "interrupted", "cancelled", "failed", "done", "undoing" or "undone"), ``undoes`` (id of a run), ``owner``,
``started_by``, ``started_at``, ``finished_at``, ``heartbeat_seconds``, ``rows``, ``error``, ``steps``, ``journals``,
``rollback`` ("possible", "impossible", "under way", "undone" or "" for an undo), ``rollback_fault``, ``next``.

A step has ``number``, ``kind``, ``model``, ``status``, ``rows``, ``seen``, ``total``, ``total_is_estimate``,
``percent``, ``skipped``, ``failed``, ``conflicting``, ``seconds``, ``rows_per_second``,
``eta`` ([seconds at best, at worst or null], or null), ``batch_size``, ``workers``, ``gauge``.
A journal has ``table``, ``target``, ``kind``, ``rows``, ``bytes``, ``state`` ("kept", "restored" or
"purged"), ``expires_at``. A row set aside (with ``--run`` only) has ``step``, ``target``, ``key``, ``problem``,
``outcome`` and, with ``--verbosity 2``, ``error``. Times are ISO 8601; what is not known is null.
"""

import time
from dataclasses import replace
from typing import Any

from django.core.management.base import CommandError, CommandParser

from reversible_migrations.overview import RunOverview, read_runs, rows_set_aside

from ..ledger_command import LedgerCommand, positive
from ..status_text import status_lines

CLEAR_SCREEN = "\x1b[2J\x1b[H"


class Command(LedgerCommand):
    help = "Shows runs of reversible migrations: how far they are, what can be undone, and what to do next."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("app_label", nargs="?", help="show this app's runs only")
        parser.add_argument("--run", type=positive, help="show one run with its journals and the rows set aside")
        parser.add_argument("--last", type=positive, default=10, help="how many closed runs are shown (default 10)")
        parser.add_argument("--watch", action="store_true", help="show it again every second until no run is open")

    def handle(self, *args: Any, **options: Any) -> None:
        while True:
            runs = read_runs(options["database"], options["app_label"], options["run"], options["last"])
            if options["run"] is not None and not runs:
                raise CommandError(f"There is no run {options['run']} in the database {options['database']!r}.")
            self._show(runs, options)
            if not options["watch"] or not any(run.is_open for run in runs):
                return
            time.sleep(1)

    def _show(self, runs: list[RunOverview], options: dict[str, Any]) -> None:
        rows = rows_set_aside(options["database"], options["run"]) if options["run"] is not None else []
        with_errors = options["verbosity"] >= 2
        if options["json"]:
            shown = [row if with_errors else replace(row, error="") for row in rows]
            facts = {"database": options["database"], "runs": runs, "rows_set_aside": shown}
            self.write_json(facts, indent=None if options["watch"] else 2)
            return
        if options["watch"] and self.stdout.isatty():
            self.stdout.write(CLEAR_SCREEN, ending="")
        for line in status_lines(runs, rows, in_full=options["run"] is not None, with_errors=with_errors):
            self.stdout.write(line)
