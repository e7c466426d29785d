"""Recording triggers whose step is over."""

from collections.abc import Iterator

from ...databases.catalogue import Recorder, journal_of_recorder, plain
from ...models import JournalTable
from ...overview import status_of
from ...states import IN_HAND
from ..check import Check
from ..finding import Finding, warning
from ..scope import Scope


class Recorders(Check[Recorder]):
    """
    Prove that no recording trigger stayed behind. It fires for nobody, and costs bulk updates about a tenth.

    Reads the catalogue and the ledger.
    """

    name, title, things = "recorders", "Recording triggers", "triggers and functions"

    def find(self, scope: Scope) -> list[Recorder]:
        return [recorder for recorder in scope.catalogue.recorders() if self._concerns(recorder, scope)]

    def _concerns(self, recorder: Recorder, scope: Scope) -> bool:
        journal = _journal(recorder, scope)
        if journal is None:
            return scope.is_whole or (bool(recorder.table) and scope.covers(recorder.table))
        return scope.has(journal.step.run.app, journal.step.run.name)

    def where(self, thing: Recorder) -> str:
        return f"{plain(thing.table)}, {thing.name}" if thing.table else thing.name

    def examine(self, thing: Recorder, scope: Scope) -> Iterator[Finding]:
        journal = _journal(thing, scope)
        run = None if journal is None else journal.step.run
        if run is not None and run.status in IN_HAND and run.owner and status_of(run, scope.db) in IN_HAND:
            return  # a live process is recording
        of = "a run that the ledger does not know" if run is None else f"run {run.pk} of {run.migration}"
        yield warning(
            self.where(thing),
            f"the recording {thing.kind} of {of} was left behind.",
            f"{thing.drop};",
            **{thing.kind: thing.name},
        )


def _journal(recorder: Recorder, scope: Scope) -> JournalTable | None:
    name = journal_of_recorder(recorder.name)
    return JournalTable.objects.using(scope.alias).filter(table_name=name).select_related("step__run").first()
