"""Rows that point at a row that is not there."""

from collections.abc import Iterator

from ...databases.catalogue import ForeignKey, plain
from ..check import Check
from ..finding import Finding, error, unchecked
from ..scope import Scope


class References(Check[ForeignKey]):
    """
    Prove that every row that points at another one points at a row that is there.

    Reads all rows of tables with foreign keys, some thousand blocks at a time on PostgreSQL; only with ``--rows``.
    """

    name, title, things = "references", "References of rows", "foreign keys"
    is_cheap, reads_by_itself = False, True

    def is_wanted(self, scope: Scope) -> bool:
        return scope.rows and not scope.cheap_only

    def find(self, scope: Scope) -> list[ForeignKey]:
        return [key for key in scope.catalogue.foreign_keys() if scope.covers(key.table, key.target)]

    def where(self, thing: ForeignKey) -> str:
        return f"{plain(thing.table)}.{', '.join(thing.columns)}"

    def examine(self, thing: ForeignKey, scope: Scope) -> Iterator[Finding]:
        hidden = [table for table in (thing.table, thing.target) if not scope.catalogue.may_read(table)]
        if hidden:
            yield unchecked(self.where(thing), f"this role may not read {' and '.join(hidden)}")
            return
        dangling = sum(scope.catalogue.dangling(thing, scope.statement_seconds))
        if dangling:
            rows = "1 row points" if dangling == 1 else f"{dangling:,} rows point"
            yield error(
                self.where(thing),
                f"{rows} at a row of {thing.target} that is not there.",
                "Bring the missing rows back, or remove or correct those that point at them.",
                target=thing.target, rows=dangling,
            )  # fmt: skip
