"""Rollback data against the ledger: the tables are there, and hold as many rows as were changed."""

from collections.abc import Iterator, Sequence

from ...journal.restore import JOURNALLED
from ...journal.step_views import journals_of
from ...models import JournalTable, Step
from ...states import JournalKind, JournalState, RunStatus, StepKind, StepStatus
from ..check import Check
from ..finding import Finding, Sampled, error, unchecked
from ..scope import SMALL_ROWS, Scope

NEARLY = 0.2  # by which share an estimate may differ before it says anything


class Journals(Check[Step]):
    """
    Prove that what a finished step changed is all in its journals, which undo restores from.

    Journals of up to 100,000 rows are counted; larger ones are estimated (within 20 %), or counted with ``--rows``.
    """

    name, title, things = "journals", "Rollback data", "steps"

    def find(self, scope: Scope) -> list[Step]:
        standing = [s for s in scope.steps if s.status == StepStatus.DONE and s.run.status != RunStatus.UNDOING]
        return [step for step in standing if step.kind in JOURNALLED]

    def where(self, thing: Step) -> str:
        return f"{thing.run.migration}, {thing}"

    def examine(self, thing: Step, scope: Scope) -> Iterator[Finding | Sampled]:
        where = self.where(thing)
        journals = [j for j in journals_of(thing, scope.alias) if j.kind != JournalKind.RETIRED]
        if any(journal.state != JournalState.KEPT for journal in journals):
            return  # purged: whether it can still be undone is another check's
        missing = [j for j in journals if not scope.db.journal_exists(scope.db.quote(j.table_name))]
        for journal in missing:
            if scope.catalogue.is_hidden(scope.db.quote(journal.table_name)):
                yield unchecked(where, f"{journal.table_name} may be in a schema that this role may not use")
                continue
            yield error(
                where,
                f"its rollback data of {journal.target} ({journal.rows:,} rows) is gone: {journal.table_name} was"
                " dropped by someone else.",
                "It cannot be undone from here: bring the table back from a backup, or keep one to restore from.",
                table=journal.table_name, rows_noted=journal.rows,
            )  # fmt: skip
        if not missing:
            counts = [_count(journal, scope) for journal in journals]
            yield from _sampled(journals, counts)
            yield from _differences(where, thing, journals, counts)


def _count(journal: JournalTable, scope: Scope) -> tuple[int, bool]:
    """Return how many rows a journal holds, and whether that is exact."""
    table = scope.db.quote(journal.table_name)
    if scope.rows or journal.rows <= SMALL_ROWS:
        return int(scope.db.value(f"SELECT count(*) FROM {table}") or 0), True
    return scope.db.estimated_rows(table), False


def _sampled(journals: Sequence[JournalTable], counts: Sequence[tuple[int, bool]]) -> Iterator[Sampled]:
    for journal, (_, is_exact) in zip(journals, counts, strict=True):
        if not is_exact:
            yield Sampled(f"{journal.table_name}: about {journal.rows:,} rows, estimated; --rows counts them.")


def _differences(
    where: str, step: Step, journals: Sequence[JournalTable], counts: Sequence[tuple[int, bool]]
) -> Iterator[Finding]:
    differs = False
    for journal, (rows, is_exact) in zip(journals, counts, strict=True):
        noted = journal.rows
        if noted and _differ(rows, noted, is_exact):
            differs = True
            yield error(
                where,
                f"its rollback data of {journal.target} has {'' if is_exact else 'about '}{rows:,} rows, and had"
                f" {noted:,} when it was recorded.",
                f"Someone changed {journal.table_name}: undo would restore what is left. Restore it from a backup.",
                table=journal.table_name, rows_found=rows, rows_noted=noted,
            )  # fmt: skip
    if not differs and all(is_exact for _, is_exact in counts):
        kept = _kept(step, journals, [rows for rows, _ in counts])
        if kept is not None:
            yield error(
                where,
                f"changed {step.rows_done:,} rows, and its rollback data has {kept:,} of them.",
                "Undo would restore only these. Restore the others from a backup.",
                rows_found=kept, rows_noted=step.rows_done,
            )  # fmt: skip


def _differ(rows: int, noted: int, is_exact: bool) -> bool:
    return rows != noted if is_exact else abs(rows - noted) > NEARLY * noted


def _kept(step: Step, journals: Sequence[JournalTable], counts: Sequence[int]) -> int | None:
    """
    Return how many of the step's rows its journals hold, if that is another number than the step's own.

    A recording counts every change; else a row is in one journal for each table that it has a part in,
    and what a deletion took along comes on top.
    """
    if step.kind == StepKind.RECORD:
        kept = sum(counts)
        return kept if kept != step.rows_done else None
    kept = max(counts, default=0)
    is_short = kept < step.rows_done if step.kind == StepKind.DELETE else kept != step.rows_done
    return kept if is_short else None
