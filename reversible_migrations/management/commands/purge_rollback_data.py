"""
``manage.py purge_rollback_data``: drop the rollback data of runs that ended long ago.

``--json`` writes ``{"version": 1, "database": alias, "dry_run": bool, "older_than_days": number,
"journals": [journal, ...], "rows": number, "bytes": number}``. A journal has ``table``, ``target`` (the
project's table), ``run``, ``migration``, ``rows`` and ``bytes`` (null where it was not measured).
"""

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser

from reversible_migrations.conf import setting
from reversible_migrations.journal.retention import purge_older
from reversible_migrations.journal.retired import title_of
from reversible_migrations.load.estimates import size
from reversible_migrations.progress import words

from ..columns import columns
from ..ledger_command import LedgerCommand, period


class Command(LedgerCommand):
    help = "Drops rollback data of runs that ended long ago. They cannot be undone afterwards."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--older-than", type=period, metavar="30d",
            help="of runs that ended longer ago than this: 30d, 12h or 45m (default: the setting RETENTION_DAYS)",
        )  # fmt: skip
        parser.add_argument("--dry-run", action="store_true", help="list what would be dropped, and drop nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        kept = timedelta(days=setting("RETENTION_DAYS"))
        older_than = kept if options["older_than"] is None else options["older_than"]
        journals = purge_older(options["database"], older_than, dry_run=options["dry_run"])
        facts: list[dict[str, Any]] = [
            {
                "table": journal.table_name, "target": title_of(journal), "run": journal.step.run_id,
                "migration": journal.step.run.migration, "rows": journal.rows, "bytes": journal.bytes,
            }
            for journal in journals
        ]  # fmt: skip
        rows, taken = sum(fact["rows"] for fact in facts), sum(fact["bytes"] or 0 for fact in facts)
        if options["json"]:
            told = {"database": options["database"], "dry_run": options["dry_run"], "journals": facts}
            self.write_json({**told, "older_than_days": older_than / timedelta(days=1), "rows": rows, "bytes": taken})
            return
        if facts:
            heads = {"table": "<", "of": "<", "run": ">", "migration": "<", "rows": ">", "size": ">"}
            cells = [
                [f["table"], f["target"], str(f["run"]), f["migration"], f"{f['rows']:,}", size(f["bytes"])]
                for f in facts
            ]
            for line in columns(heads, cells):
                self.stdout.write(line)
        done = "would be dropped" if options["dry_run"] else "dropped"
        self.stdout.write(
            f"{len(facts)} {'table' if len(facts) == 1 else 'tables'}, {words.rows(rows)}, {size(taken)} {done}"
            f" (of runs that ended more than {words.duration(older_than.total_seconds())} ago)."
        )
