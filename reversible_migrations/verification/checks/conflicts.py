"""Rows that were changed since their migration: what an undo would meet now."""

from collections.abc import Iterator

from ...journal.conflicts import count_conflicts
from ...journal.recording import net_table
from ...journal.restore import JOURNALLED, fault_of
from ...journal.step_views import journals_of
from ...models import JournalTable, Step
from ...states import JournalKind
from ..check import Check
from ..finding import Finding, Sampled, info
from ..scope import Scope

FEW_ROWS = 10_000


class Conflicts(Check[Step]):
    """
    Count the rows that are no longer as a step left them; undo leaves them as they are, unless it is told otherwise.

    Joins a journal to its table. Steps of up to 10,000 rows are counted; larger ones with ``--conflicts``.
    """

    name, title, things, is_cheap = "conflicts", "Rows changed since", "steps", False

    def find(self, scope: Scope) -> list[Step]:
        return [step for step in scope.steps if step.kind in JOURNALLED and step.rows_done]

    def where(self, thing: Step) -> str:
        return f"{thing.run.migration}, {thing}"

    def examine(self, thing: Step, scope: Scope) -> Iterator[Finding | Sampled]:
        if thing.rows_done > FEW_ROWS and not scope.conflicts:
            yield Sampled(f"{self.where(thing)}: {thing.rows_done:,} rows not compared; --conflicts does.")
            return
        newer = [step for step in self._all_steps(scope) if (step.run_id, step.number) > (thing.run_id, thing.number)]
        same_tables = [step for step in newer if _targets(step, scope) & _targets(thing, scope)]
        for step in (thing, *same_tables):
            why = self._not_countable(step, scope)
            if why:
                yield Sampled(f"{self.where(thing)}: not compared; {why}.")
                return
        found = count_conflicts([thing, *same_tables], scope.db, only=[thing])
        changed = sum(count.conflicts for count in found)
        if changed:
            yield info(
                self.where(thing),
                f"{changed:,} of {sum(count.rows for count in found):,} rows were changed since.",
                f"Undo leaves them, unless it is told otherwise: `safe_rollback {thing.run.app} --run {thing.run_id}`.",
                run=thing.run_id, conflicts=changed,
            )  # fmt: skip

    def _all_steps(self, scope: Scope) -> list[Step]:
        """Return the steps of all apps: a patch of another one may have changed the same rows since."""
        return Scope(scope.alias).steps

    def _not_countable(self, step: Step, scope: Scope) -> str:
        where = f"{step.run.migration}, {step}"
        if fault_of(step.run, step, scope.db) is not None:
            return f"{where} cannot be undone, or its table was changed since"
        for journal in journals_of(step, scope.alias):
            if journal.kind == JournalKind.RECORD and not scope.db.journal_exists(scope.db.quote(net_table(journal))):
                return f"the recording of {where} has to be summed up first, as `safe_rollback --dry-run` does"
        return ""


def _targets(step: Step, scope: Scope) -> set[str]:
    journals = JournalTable.objects.using(scope.alias).filter(step=step).exclude(kind=JournalKind.RETIRED)
    return set(journals.values_list("target", flat=True))
