"""Indexes that an interrupted CREATE INDEX CONCURRENTLY left invalid."""

from collections.abc import Iterator
from typing import Any

from ...databases.catalogue import BrokenIndex, plain
from ..check import Check
from ..finding import Finding, error, info
from ..scope import Scope


class Indexes(Check[BrokenIndex]):
    """Prove that every index is valid: an invalid one slows writers down and serves no reader. Reads the catalogue."""

    name, title, things = "indexes", "Indexes", "invalid indexes"

    def find(self, scope: Scope) -> list[BrokenIndex]:
        return [index for index in scope.catalogue.broken_indexes() if scope.covers(index.table)]

    def where(self, thing: BrokenIndex) -> str:
        return f"{plain(thing.table)}, {thing.name}"

    def examine(self, thing: BrokenIndex, scope: Scope) -> Iterator[Finding]:
        facts: dict[str, Any] = {"index": thing.name, "is_unique": thing.is_unique}
        if thing.is_being_built:
            yield info(self.where(thing), "the index is being built now.", **facts)
            return
        twice = " Rows with the same values have to be removed first." if thing.is_unique else ""
        what = "is invalid: it keeps no rows apart" if thing.is_unique else "is invalid: no query uses it"
        yield error(
            self.where(thing), f"the index {what}, and every write pays for it.", f"{thing.rebuild};{twice}", **facts
        )
