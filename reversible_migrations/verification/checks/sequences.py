"""Sequences that would give out keys that rows have already."""

from collections.abc import Iterator

from ...databases.catalogue import KeySequence, plain
from ..check import Check
from ..finding import Finding, Sampled, error, unchecked
from ..scope import SMALL_ROWS, Scope


class Sequences(Check[KeySequence]):
    """
    Prove that the next value of every serial and identity column is a new one; explicit keys leave it behind.

    Finds the greatest value by an index; a large table without one is read with ``--rows``. SQLite's keys follow
    their table by themselves.
    """

    name, title, things = "sequences", "Sequences", "sequences"

    def find(self, scope: Scope) -> list[KeySequence]:
        return [sequence for sequence in scope.catalogue.key_sequences() if scope.covers(sequence.table)]

    def where(self, thing: KeySequence) -> str:
        return f"{plain(thing.table)}.{thing.column}"

    def examine(self, thing: KeySequence, scope: Scope) -> Iterator[Finding | Sampled]:
        if not thing.may_be_read:
            yield unchecked(self.where(thing), f"this role may not read {thing.name} and its table")
        elif not (thing.is_indexed or scope.rows or self._is_small(thing, scope)):
            yield Sampled(f"{self.where(thing)}: no index gives its greatest value; --rows reads the table.")
        else:
            behind = scope.catalogue.behind(thing)
            if behind:
                yield error(
                    self.where(thing),
                    f"the sequence {thing.name} is {behind:,} behind: the next rows get keys that others have.",
                    f"{thing.reset};",
                    sequence=thing.name, behind=behind,
                )  # fmt: skip

    def _is_small(self, sequence: KeySequence, scope: Scope) -> bool:
        return scope.db.estimated_rows(scope.db.literal(sequence.table)) <= SMALL_ROWS
