"""What a rule says about a migration: the harm, where it is, and what to write instead."""

from dataclasses import dataclass, field

from ..states import Level


@dataclass(frozen=True)
class Finding:
    """
    One finding. ``message`` is the harm as a sentence, ``hint`` what to write instead, with the real names.

    ``operation`` is its number in the migration, from 1; "3.1" is the first one inside the third, None the whole
    migration. ``line`` is 1 where nothing better is known. ``spans`` are the first and last lines of what it is about,
    for suppressions. ``fingerprint`` tells the source of the operation, wherever it moves to. ``accepted_because``
    is the reason of the comment that accepts it.
    """

    code: str
    name: str
    level: Level
    app: str
    migration: str
    operation: str | None
    message: str
    hint: str = ""
    path: str = ""
    line: int = 1
    spans: tuple[tuple[int, int], ...] = field(default=(), compare=False)
    fingerprint: str = field(default="", compare=False)
    accepted_because: str = field(default="", compare=False)

    @property
    def where(self) -> str:
        return f"{self.app}.{self.migration}" if self.migration else self.app
