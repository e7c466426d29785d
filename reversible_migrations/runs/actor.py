"""For whom this process acts: the person who ordered something from the page, rather than the user it runs as."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

ACTOR: ContextVar[str] = ContextVar("actor", default="")


@contextmanager
def acting_for(name: str) -> Iterator[None]:
    """Record runs and wishes, in this context, as those of ``name``."""
    token = ACTOR.set(name)
    try:
        yield
    finally:
        ACTOR.reset(token)


def actor() -> str:
    """Return the name of the person, "" for the user of the process itself."""
    return ACTOR.get()
