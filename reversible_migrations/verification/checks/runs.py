"""Runs that were begun and not finished, and rows that finished ones set aside."""

from collections.abc import Iterator

from ...overview import RunOverview, read_runs
from ...progress import words
from ...states import RunStatus
from ..check import Check
from ..finding import Finding, error, info, warning
from ..scope import Scope

BY_AN_OPERATOR = (RunStatus.PAUSED, RunStatus.CANCELLED)


class Runs(Check[RunOverview]):
    """
    Prove that every run of the ledger came to its end, or is in the hands of a live process.

    A run whose process is gone counts as interrupted, whatever the ledger says. Reads the ledger.
    """

    name, title, things = "runs", "Runs", "runs"

    def find(self, scope: Scope) -> list[RunOverview]:
        unfinished = [run for run in read_runs(scope.alias, last=0) if scope.has(run.app, run.name)]
        aside = {step.run_id for step in scope.steps if step.rows_failed and step.run.status == RunStatus.DONE}
        return unfinished + [read_runs(scope.alias, run=number)[0] for number in sorted(aside)]

    def where(self, thing: RunOverview) -> str:
        return f"run {thing.id} of {thing.app}.{thing.name} {thing.direction}"

    def examine(self, thing: RunOverview, scope: Scope) -> Iterator[Finding]:
        where, facts = self.where(thing), {"run": thing.id, "status": thing.status}
        aside = sum(step.failed for step in thing.steps)
        if thing.status == RunStatus.RUNNING:
            yield info(where, "is running now.", thing.next, **facts)
        elif thing.status in BY_AN_OPERATOR:
            yield warning(where, f"is {thing.status}{_because(thing.waiting)}.", thing.next, **facts)
        elif thing.status in (RunStatus.FAILED, RunStatus.INTERRUPTED):
            yield error(where, f"was not finished: {thing.status}{_because(thing.error)}.", thing.next, **facts)
        elif thing.status == RunStatus.DONE and aside:
            todo = f"`manage.py migration_status --run {thing.id}` lists them; `control_migration {thing.id} retry`."
            yield warning(where, f"set {words.rows(aside)} aside, not changed.", todo, run=thing.id, rows=aside)


def _because(reason: str) -> str:
    return f" ({reason.rstrip('.')})" if reason else ""
