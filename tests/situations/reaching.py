"""The two facts that hold for every operation: undo reaches the start, and a killed run reaches either end."""

from .running import backwards, forwards, killed_at, statements_of
from .snapshots import snapshot

SHARES = (0.1, 0.3, 0.5, 0.7, 0.85, 0.97)  # of the statements of a run, where it is killed


def reaches_the_start(fill, migration):
    """Fill, apply, unapply: schema and rows are as they were, and something had been different."""
    fill()
    start = snapshot()

    forwards(migration())
    end = snapshot()
    backwards(migration())

    assert end != start, "the patch changed nothing"
    assert snapshot() == start


def reaches_either_end(fill, migration, shares=SHARES):
    """
    Kill the run in several places; each time go on, then undo with a kill in the middle; and undo at once.

    ``migration`` makes a fresh one each time, as a new process does.
    """
    fill()
    start = snapshot()
    ahead = statements_of(forwards, migration())
    end = snapshot()
    back = statements_of(backwards, migration())
    assert end != start, "the patch changed nothing"
    assert snapshot() == start

    for share in shares:
        assert killed_at(max(1, int(ahead * share)), forwards, migration())
        forwards(migration())
        assert snapshot() == end, f"not the end, after a kill at {share:.0%} and going on"

        assert killed_at(max(1, int(back * share)), backwards, migration())
        backwards(migration())
        assert snapshot() == start, f"not the start, after an undo killed at {share:.0%} and gone on with"

        killed_at(max(1, int(ahead * share)), forwards, migration())
        backwards(migration())
        assert snapshot() == start, f"not the start, after a kill at {share:.0%} and undo"
