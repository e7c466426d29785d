"""Rollback data, and retired columns and tables, that are kept longer than the project wants."""

from collections.abc import Iterator
from datetime import timedelta

from ...conf import setting
from ...journal.retention import purgeable
from ...models import JournalTable, Run
from ..check import Check
from ..finding import Finding, warning
from ..scope import Scope


class Retention(Check[Run]):
    """
    Prove that nothing is kept past ``RETENTION_DAYS``: rollback data and retired things take room.

    Reads the ledger, and the catalogue for sizes.
    """

    name, title, things = "retention", "Past retention", "runs with rollback data past it"

    def find(self, scope: Scope) -> list[Run]:
        runs = {journal.step.run_id: journal.step.run for journal in _expired(scope)}
        return [run for run in runs.values() if scope.has(run.app, run.name)]

    def where(self, thing: Run) -> str:
        return f"run {thing.pk} of {thing.migration}"

    def examine(self, thing: Run, scope: Scope) -> Iterator[Finding]:
        journals = [journal for journal in _expired(scope) if journal.step.run_id == thing.pk]
        rows, size = sum(j.rows for j in journals), sum(_bytes(j, scope) for j in journals)
        tables = "1 table or column" if len(journals) == 1 else f"{len(journals)} tables or columns"
        yield warning(
            self.where(thing),
            f"keeps {tables} ({rows:,} rows, {size:,} bytes) longer than {setting('RETENTION_DAYS')} days.",
            "`manage.py purge_rollback_data` drops them; it cannot be undone then.",
            run=thing.pk, tables=len(journals), rows=rows, bytes=size,
        )  # fmt: skip


def _expired(scope: Scope) -> list[JournalTable]:
    return list(purgeable(scope.alias, timedelta(days=setting("RETENTION_DAYS"))).order_by("pk"))


def _bytes(journal: JournalTable, scope: Scope) -> int:
    return int(scope.db.table_bytes(scope.db.quote(journal.table_name)) or journal.bytes or 0)
