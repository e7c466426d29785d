"""The two facts that hold for every operation: undo reaches the start, and a killed run reaches either end."""

from reversible_migrations.models import Run

from .moments import some_of
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
    Kill the run in some places; each time go on, then undo with a kill in the middle; and undo at once.

    ``shares`` says where: 0.5 is in the middle of its statements. Two of them are drawn, see ``moments.py``.

    ``migration`` makes a fresh one each time, as a new process does.
    """
    fill()
    start = snapshot()
    ahead = statements_of(forwards, migration())
    end = snapshot()
    back = statements_of(backwards, migration())
    assert end != start, "the patch changed nothing"
    assert snapshot() == start

    for share in some_of(shares):
        assert killed_at(max(1, int(ahead * share)), forwards, migration())
        forwards(migration())
        assert snapshot() == end, f"not the end, after a kill at {share:.0%} and going on"

        assert killed_at(max(1, int(back * share)), backwards, migration())
        backwards(migration())
        assert snapshot() == start, f"not the start, after an undo killed at {share:.0%} and gone on with"

        killed_at(max(1, int(ahead * share)), forwards, migration())
        backwards(migration())
        assert snapshot() == start, f"not the start, after a kill at {share:.0%} and undo"


def schema_reaches_either_end(changed, look, forwards, backwards, at_the_end=lambda seen: seen):
    """
    The same of a migration that changes tables, which ``forwards`` and ``backwards`` do; ``look`` shows all of them.

    ``at_the_end`` leaves of what is seen what has to be the same however often it was interrupted.
    """
    start = look()
    count = statements_of(forwards, changed)
    end = at_the_end(look())
    backwards(changed)

    for statement in some_of(range(1, count)):
        assert killed_at(statement, forwards, changed)
        if statement % 2 or not Run.objects.filter(holds__isnull=False).exists():
            forwards(changed)
            assert at_the_end(look()) == end, f"not the end, after a kill at statement {statement} and going on"
            killed_at(statement, backwards, changed)
        if Run.objects.filter(direction="forwards").latest("pk").status != "undone":
            backwards(changed)
        assert look() == start, f"not the start, after a kill at statement {statement}"
