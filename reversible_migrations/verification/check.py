"""What all checks have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar, Generic, TypeVar

from .finding import Finding, Sampled
from .scope import Scope

Thing = TypeVar("Thing")


class Check(ABC, Generic[Thing]):
    """
    One check: it names its things, and examines one after the other.

    Each thing is examined in a reading of its own, so a thing that cannot be read, or takes too long,
    is said to be unchecked and does not hide the others. ``is_cheap``: it reads the ledger, the
    catalogue, or some thousand rows at the most. ``reads_by_itself``: one thing takes several readings, which the
    check opens, so that no lock and no snapshot is held from the first to the last.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    things: ClassVar[str]
    is_cheap: ClassVar[bool] = True
    reads_by_itself: ClassVar[bool] = False

    def is_wanted(self, scope: Scope) -> bool:
        return self.is_cheap or not scope.cheap_only

    @abstractmethod
    def find(self, scope: Scope) -> Iterable[Thing]:
        """Return the things to be examined."""

    @abstractmethod
    def where(self, thing: Thing) -> str:
        """Return the name of a thing as people know it."""

    @abstractmethod
    def examine(self, thing: Thing, scope: Scope) -> Iterator[Finding | Sampled]: ...
