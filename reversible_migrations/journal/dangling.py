"""
References that undo gave back, and whose row is not there: the application has deleted it since.

Rows of several tables are restored in one transaction, and foreign keys are checked at its end. So a
reference is looked at when all of them are through: whatever was to come back has come back by then.
Such a reference is left as the patch left it. Where it pointed at a row that the patch had created,
and that undo has just removed, the slice is undone once more without removing that one.
"""

from collections.abc import Sequence

from ..databases.base import Key, Reference
from ..states import JournalKind
from .slice_undo import SliceUndo
from .views import BoundSlice, JournalSlice, JournalView

MADE = "rm_made"


class StillNeeded(Exception):
    """Created rows that were removed, and that references must go on pointing at; ``rows`` are their keys by table."""

    def __init__(self, rows: dict[str, list[Key]]):
        super().__init__(f"{sum(map(len, rows.values()))} created rows are still pointed at")
        self.rows = rows


def take_back_dangling(undo: SliceUndo, views: Sequence[JournalView], part: JournalSlice) -> int:
    """
    Leave such references as the patch left them, list their rows as blocked, and return how many.

    Raise ``StillNeeded`` where that would point at a created row that is not there any more.
    """
    blocked = 0
    needed: dict[str, list[Key]] = {}
    for view in views:
        if view.kind != JournalKind.UPDATE:
            continue
        written = [r for r in undo.references_from(view.target) if set(r.columns) <= set(view.names)]
        taken_back = _take_back(undo, BoundSlice(view, part), written) if written else 0
        blocked += taken_back
        for reference in written if taken_back else ():
            for made in views:
                if made.kind == JournalKind.CREATE and made.target == reference.target:
                    removed = _removed(undo, view, part, reference, made)
                    needed[made.target] = needed.get(made.target, []) + removed
    new = {table: [key for key in keys if key not in undo.needed.get(table, [])] for table, keys in needed.items()}
    if any(new.values()):
        raise StillNeeded(new)
    return blocked


def _take_back(undo: SliceUndo, here: BoundSlice, references: Sequence[Reference]) -> int:
    """Return how many rows had references taken back; a row counts once, whatever it points at."""
    view, db = here.view, undo.db
    dangling = [_dangles(undo, view, reference, f"rm_ref_{n}") for n, reference in enumerate(references)]
    blocked = undo.list_conflicts(here, f"({' OR '.join(dangling)})", "'blocked'", "'kept'")
    condition, params = here.both
    for reference, is_dangling in zip(references, dangling, strict=True) if blocked else ():
        after = view.image_of("after", reference.columns)
        pairs = zip(reference.columns, after, strict=True)
        assigned = ", ".join(f"{db.literal(db.quote(name))} = {image}" for name, image in pairs)
        db.execute(f"UPDATE {view.target} SET {assigned} FROM {view.table} WHERE {condition} AND {is_dangling}", params)
    return blocked


def _dangles(undo: SliceUndo, view: JournalView, reference: Reference, alias: str) -> str:
    """Return the condition that a row has its ``reference`` back, and that it points at no row."""
    own = list(reference.columns)
    now = [undo.db.column(view.target, name) for name in own]
    before, after = view.image_of("before", own), view.image_of("after", own)
    restored = [undo.db.same(now, before), f"NOT {undo.db.same(before, after)}"]
    restored += [f"{image} IS NOT NULL" for image in before]
    return f"({' AND '.join([*restored, _is_gone(undo, reference, before, alias)])})"


def _removed(
    undo: SliceUndo, view: JournalView, part: JournalSlice, reference: Reference, made: JournalView
) -> list[Key]:
    """Return the keys of the rows in ``made`` that rows of ``view`` point at, and that are not there."""
    db, here = undo.db, BoundSlice(view, part)
    condition, params = here.both
    after = view.image_of("after", reference.columns)
    created = made.image_of("after", reference.target_columns, MADE)
    within, more = made.within(part, MADE)
    now = [db.column(view.target, name) for name in reference.columns]
    met = [f"{a} = {b}" for a, b in zip(created, after, strict=True)]
    met += [condition, db.same(now, after), _is_gone(undo, reference, after, "rm_ref"), within]
    values = ", ".join(db.key_value(image) for image in made.images("key", MADE))
    found = db.rows(
        f"SELECT DISTINCT {values} FROM {view.table}, {view.target}, {made.table} AS {MADE} WHERE {' AND '.join(met)}",
        [*params, *more],
    )
    return [db.key_to_json(key) for key in found]


def _is_gone(undo: SliceUndo, reference: Reference, values: Sequence[str], alias: str) -> str:
    """Return the condition that no row is there that a reference with these ``values`` would point at."""
    pairs = zip(reference.target_columns, values, strict=True)
    met = " AND ".join(f"{undo.db.column(alias, column)} = {value}" for column, value in pairs)
    return f"NOT EXISTS (SELECT 1 FROM {reference.target} AS {alias} WHERE {met})"
