"""Which rows are no longer as the patch left them, counted before anything is undone."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ..databases.base import Database, Reference
from ..models import Step
from ..states import JournalKind
from .step_views import views_of
from .views import JournalView

POINTING = "rm_pointing"


@dataclass(frozen=True)
class ConflictCount:
    """How many rows of one journal are no longer as the patch left them, or are pointed at by others."""

    step: Step
    target: str
    rows: int
    conflicts: int


def count_conflicts(steps: Sequence[Step], db: Database, only: Collection[Step] | None = None) -> list[ConflictCount]:
    """
    Count, without changing anything, the rows that undo could not put back, for ``steps`` of one run or several.

    These are rows that were changed since, and created rows that rows of others point at. A column that
    several steps changed is judged by the newest of them: the older ones see it as that one found it. With ``only``
    those of ``steps`` are counted, and the newer ones just judged by.
    """
    found: list[ConflictCount] = []
    newer: dict[str, list[JournalView]] = {}
    for step in sorted(steps, key=lambda step: (-step.run_id, -step.number)):
        views = views_of(step, db)
        older = {target: list(known) for target, known in newer.items()}
        for view in views:
            newer.setdefault(view.target, []).append(view)
        for view in views if only is None or step in only else ():
            later = [LaterChange(other, f"rm_later_{n}") for n, other in enumerate(older.get(view.target, []))]
            conflicts = _changed(view, later)
            if view.kind == JournalKind.CREATE:
                conflicts += _pointed_at(view, later, newer)
            found.append(ConflictCount(step, view.target, _rows(view), conflicts))
    return found


class LaterChange:
    """A newer journal of the same table, joined under a name of its own to the rows of an older one."""

    # Joined, because SQLite makes itself an index for a join, and would walk all rows for each NOT EXISTS.

    def __init__(self, view: JournalView, alias: str):
        self.view, self.alias = view, alias

    def join(self, older: JournalView) -> str:
        keys = zip(self.view.images("key", self.alias), older.key_images, strict=True)
        met = [*(f"{image} = {key}" for image, key in keys), self.view.net(self.alias)]
        return f" LEFT JOIN {self.view.table} AS {self.alias} ON {' AND '.join(met)}"

    @property
    def is_absent(self) -> str:
        return f"{self.view.images('key', self.alias)[0]} IS NULL"

    def left_alone(self, column: str) -> str:
        """Return the condition that this change did not write ``column`` of the row."""
        if self.view.kind != JournalKind.UPDATE:
            return self.is_absent
        if column not in self.view.names:
            return "TRUE"
        before, after = (self.view.image_of(prefix, [column], self.alias) for prefix in ("before", "after"))
        return f"({self.is_absent} OR {self.view.db.same(before, after)})"


def _rows(view: JournalView) -> int:
    return int(view.db.value(f"SELECT count(*) FROM {view.table} WHERE {view.net(view.table)}") or 0)


def _changed(view: JournalView, later: Sequence[LaterChange]) -> int:
    joins = "".join(change.join(view) for change in later)
    found = view.db.value(
        f"SELECT count(*) FROM {view.table} LEFT JOIN {view.target} ON {view.joined}{joins}"
        f" WHERE {view.net(view.table)} AND {_is_changed(view, later)}"
    )
    return int(found or 0)


def _is_changed(view: JournalView, later: Sequence[LaterChange]) -> str:
    """
    Return the condition of a row of ``view`` LEFT JOIN its target that was changed since.

    What the joined ``later`` changes of the same patch did is not held against it.
    """
    missing, same = f"{view.keys[0]} IS NULL", view.db.same
    untouched = "".join(f" AND {change.is_absent}" for change in later)
    if view.kind == JournalKind.DELETE:
        return f"(NOT {missing} AND NOT {same(view.columns, view.before)}{untouched})"
    if view.kind == JournalKind.CREATE and not later:
        return f"(NOT {missing} AND NOT {same(view.columns, view.after)})"
    differing = []
    for name, c, b, a in zip(view.names, view.columns, view.before, view.after, strict=True):
        is_update = view.kind == JournalKind.UPDATE  # a column that holds its old value again is as undo wants it
        written = f"NOT {same([b], [a])} AND NOT {same([c], [b])} AND " if is_update else ""
        alone = "".join(f" AND {change.left_alone(name)}" for change in later)
        differing.append(f"({written}NOT {same([c], [a])}{alone})")
    gone = f"({missing}{untouched}) OR " if view.kind == JournalKind.UPDATE else ""
    return f"({gone}(NOT {missing} AND ({' OR '.join(differing)})))"


def _pointed_at(view: JournalView, later: Sequence[LaterChange], patch: Mapping[str, Sequence[JournalView]]) -> int:
    """
    Return how many created rows, unchanged since, are pointed at by rows that undo leaves where they are.

    ``patch`` are the journals, by table, of all that is undone until these rows are removed.
    """
    joins = "".join(change.join(view) for change in later)
    chosen = [
        f"SELECT {', '.join(view.key_images)} FROM {view.table} JOIN {view.target} ON {view.joined}{joins}"
        f"{_join_pointing(view, reference, patch.get(reference.table, []))}"
        f" AND {view.net(view.table)} AND NOT {_is_changed(view, later)}"
        for reference in view.db.references(view.target)
        if reference.target == view.target
    ]
    if not chosen:
        return 0
    return int(view.db.value(f"SELECT count(*) FROM ({' UNION '.join(chosen)}) AS rm_pointed") or 0)


def _join_pointing(view: JournalView, reference: Reference, patch: Sequence[JournalView]) -> str:
    """Return the join to the rows with this ``reference``, and WHERE none of ``patch`` takes or turns them away."""
    db = view.db
    own = [db.column(POINTING, name) for name in reference.columns]
    targets = [db.column(view.target, name) for name in reference.target_columns]
    met = " AND ".join(f"{a} = {b}" for a, b in zip(own, targets, strict=True))
    sql, absent = f" JOIN {reference.table} AS {POINTING} ON {met}", ["TRUE"]
    for number, other in enumerate(patch):
        alias = f"rm_patch_{number}"
        keys = zip(other.images("key", alias), other.record.keys, strict=True)
        met = " AND ".join(f"{image} = {db.column(POINTING, key)}" for image, key in keys)
        if other.kind == JournalKind.UPDATE and set(reference.columns) <= set(other.names):
            before, after = (other.image_of(prefix, reference.columns, alias) for prefix in ("before", "after"))
            met += f" AND {db.same(own, after)} AND NOT {db.same(before, after)}"
        elif other.kind != JournalKind.CREATE:
            continue
        sql += f" LEFT JOIN {other.table} AS {alias} ON {met} AND {other.net(alias)}"
        absent.append(f"{other.images('key', alias)[0]} IS NULL")
    return f"{sql} WHERE {' AND '.join(absent)}"
