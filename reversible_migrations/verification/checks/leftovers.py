"""Tables and columns that look like ours, and that the ledger does not know or has given up."""

from collections.abc import Iterator
from dataclasses import dataclass

from ...databases.catalogue import plain
from ...models import JournalTable
from ...states import JournalKind, JournalState
from ..check import Check
from ..finding import Finding, error, warning
from ..scope import Scope

JOURNAL, RETIRED, NET = "rm_journal_", "rm_retired_", "_net"


@dataclass(frozen=True)
class Found:
    """A table, or a column of ``table``, by its name; with the ledger's record of it. ``is_there`` False: it is not."""

    name: str
    table: str = ""
    record: JournalTable | None = None
    is_there: bool = True


class Leftovers(Check[Found]):
    """
    Prove that every journal and everything retired is known to the ledger, and that what is retired is there.

    Reads the catalogue. What nobody knows belongs to no app, so it is looked for only where all of the database is.
    """

    name, title, things = "leftovers", "Leftovers", "journals and retired things"

    def find(self, scope: Scope) -> list[Found]:
        known = {
            record.table_name: record for record in JournalTable.objects.using(scope.alias).select_related("step__run")
        }
        tables = [*scope.catalogue.tables_named(JOURNAL), *scope.catalogue.tables_named(RETIRED)]
        found = [Found(name, record=known.get(name.removesuffix(NET))) for name in tables]
        found += [Found(name, table, known.get(name)) for table, name in scope.catalogue.columns_named(RETIRED)]
        names = {each.name for each in found}
        found += [
            Found(record.table_name, record.target, record, is_there=False)
            for record in known.values()
            if record.kind == JournalKind.RETIRED
            and record.state == JournalState.KEPT
            and record.table_name not in names
        ]
        return [each for each in found if self._concerns(each, scope)]

    def _concerns(self, found: Found, scope: Scope) -> bool:
        if found.record is None:
            return scope.is_whole
        return scope.has(found.record.step.run.app, found.record.step.run.name)

    def where(self, thing: Found) -> str:
        return f"{plain(thing.table)}.{thing.name}" if thing.table else thing.name

    def examine(self, thing: Found, scope: Scope) -> Iterator[Finding]:
        where, record, name = self.where(thing), thing.record, scope.db.quote(thing.name)
        if not thing.is_there:
            yield error(
                where,
                "was retired and should still be there with its data, and is gone.",
                "Its data cannot be brought back by undo: restore it from a backup.",
                table=thing.name,
            )
        elif record is None or record.state == JournalState.PURGED:
            size = None if thing.table else scope.db.table_bytes(name)
            drop = f"ALTER TABLE {thing.table} DROP COLUMN {name};" if thing.table else f"DROP TABLE {name};"
            why = "is in no ledger" if record is None else "should have been purged"
            yield warning(
                where, f"{why}: nothing will use it.", f"Look at it, then: {drop}", table=thing.name, bytes=size
            )
