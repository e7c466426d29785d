"""Constraints that the rows written before them were never checked against."""

from collections.abc import Iterator

from ...databases.catalogue import LooseConstraint, plain
from ..check import Check
from ..finding import Finding, warning
from ..scope import Scope


class Constraints(Check[LooseConstraint]):
    """Prove that no constraint is left NOT VALID, which holds for new rows only. Reads the catalogue."""

    name, title, things = "constraints", "Constraints", "unvalidated constraints"

    def find(self, scope: Scope) -> list[LooseConstraint]:
        return [constraint for constraint in scope.catalogue.loose_constraints() if scope.covers(constraint.table)]

    def where(self, thing: LooseConstraint) -> str:
        return f"{plain(thing.table)}, {thing.name}"

    def examine(self, thing: LooseConstraint, scope: Scope) -> Iterator[Finding]:
        yield warning(
            self.where(thing),
            f"the {thing.kind} constraint was never validated: older rows may break it.",
            f"{thing.validate}; it blocks neither readers nor writers.",
            constraint=thing.name, kind=thing.kind,
        )  # fmt: skip
