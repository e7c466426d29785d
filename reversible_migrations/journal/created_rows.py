"""Undo of created rows: they are deleted, unless they were changed since or another row points at them."""

from collections.abc import Sequence
from typing import Any

from ..databases.base import Reference
from ..states import JournalKind
from .slice_undo import OVERWRITE, Restored, SliceUndo
from .views import BoundSlice, JournalSlice, JournalView

STAYING = "rm_staying"  # temporary table: created rows that stay, and those that they point at

Condition = tuple[str, list[Any]]


def remove_created(
    undo: SliceUndo, view: JournalView, part: JournalSlice, all_views: Sequence[JournalView]
) -> Restored:
    """Delete the rows of a slice that are still the patch's alone, and list the others."""
    here = BoundSlice(view, part)
    condition, params = here.both
    free, more = _is_free(undo, here, all_views)
    own = [reference for reference in undo.references_to(view.target) if reference.table == view.target]
    if own:
        free += _note_staying(undo, here, own, (free, more))
    removed = undo.db.delete_joined(
        view.target, view.record.keys, view.table, f"{condition} AND {free}", [*params, *more]
    )
    if own:
        undo.db.drop_table(STAYING)
    if removed == here.total:
        return Restored(removed, 0)
    reason = f"CASE WHEN {undo.db.same(view.columns, view.after)} THEN 'referenced' ELSE 'changed' END"
    conflicts = undo.list_conflicts(here, f"{view.keys[0]} IS NOT NULL", reason, "'kept'")
    return Restored(here.total - conflicts, conflicts)


def _is_free(undo: SliceUndo, here: BoundSlice, all_views: Sequence[JournalView]) -> Condition:
    """Return the condition that nothing but other rows of the slice keeps a created row from being deleted."""
    view = here.view
    sql, params = _is_not_needed(undo, view)
    if undo.policy != OVERWRITE:
        sql += f" AND {undo.db.same(view.columns, view.after)}"
        sql += "".join(_is_untouched_in(undo, other, view) for other in all_views if other is not view)
    unreferenced, more = _is_unreferenced(undo, here, all_views)
    return sql + unreferenced, params + more


def _is_not_needed(undo: SliceUndo, view: JournalView) -> Condition:
    """Return the condition that the row is none of those that have to stay as the targets of others."""
    needed = undo.needed.get(view.target)
    if not needed:
        return "TRUE", []
    catalogue = undo.db.columns(view.target)
    one = "(" + ", ".join(undo.db.key_parameter(catalogue[name]) for name in view.record.keys) + ")"
    params = [value for key in needed for value in undo.db.key_params(key)]
    return f"({', '.join(view.keys)}) NOT IN (VALUES {', '.join([one] * len(needed))})", params


def _is_untouched_in(undo: SliceUndo, other: JournalView, view: JournalView) -> str:
    """Return the condition that the other tables of an inherited row are as the patch left them."""
    if not other.record.kind == view.record.kind == JournalKind.CREATE:
        return ""  # of recorded code nobody knows which rows belong together
    key = " AND ".join(f"{a} = {b}" for a, b in zip(other.key_images, view.key_images, strict=True))
    return (
        f" AND NOT EXISTS (SELECT 1 FROM {other.table} JOIN {other.target} ON {other.joined}"
        f" WHERE {key} AND NOT {undo.db.same(other.columns, other.after)})"
    )


def _is_unreferenced(undo: SliceUndo, here: BoundSlice, all_views: Sequence[JournalView]) -> Condition:
    """Return the condition that no row points at the row, but those that go with this slice, or that it turns away."""
    view, column = here.view, undo.db.column
    sql, params = "", list[Any]()
    for number, reference in enumerate(undo.references_to(view.target)):
        alias = f"rm_ref_{number}"
        pointing = " AND ".join(
            f"{column(alias, a)} = {column(view.target, b)}"
            for a, b in zip(reference.columns, reference.target_columns, strict=True)
        )
        others = ""
        if reference.table == view.target:
            others, more = _is_not_of_slice(undo, here, alias)
            params += more
        for other in all_views:
            if other.kind == JournalKind.UPDATE and other.target == reference.table:
                kept, more = _is_not_turned_away(undo, other, here.part, reference, alias)
                others, params = others + kept, params + more
        sql += f" AND NOT EXISTS (SELECT 1 FROM {reference.table} AS {alias} WHERE {pointing}{others})"
    return sql, params


def _is_not_of_slice(undo: SliceUndo, here: BoundSlice, alias: str) -> Condition:
    """Return the condition that the row ``alias`` of the same table is not one of the slice itself."""
    view, inner = here.view, f"{alias}_own"
    within, params = view.within(here.part, inner)
    keys = " AND ".join(
        f"{image} = {undo.db.column(alias, key)}"
        for key, image in zip(view.record.keys, view.images("key", inner), strict=True)
    )
    return f" AND NOT EXISTS (SELECT 1 FROM {view.table} AS {inner} WHERE {within} AND {keys})", params


def _is_not_turned_away(
    undo: SliceUndo, view: JournalView, part: JournalSlice, reference: Reference, alias: str
) -> Condition:
    """Return the condition that ``view`` will not give the row ``alias`` back another ``reference``."""
    if not set(reference.columns) <= set(view.names):
        return "", []
    inner = f"{alias}_back"
    within, params = view.within(part, inner)
    back, pointed = (view.image_of(prefix, reference.columns, inner) for prefix in ("before", "after"))
    keys = zip(view.record.keys, view.images("key", inner), strict=True)
    met = [within, *(f"{undo.db.column(alias, key)} = {image}" for key, image in keys)]
    met.append(undo.db.same([undo.db.column(alias, name) for name in reference.columns], pointed))
    met.append(f"NOT {undo.db.same(back, pointed)}")
    return f" AND NOT EXISTS (SELECT 1 FROM {view.table} AS {inner} WHERE {' AND '.join(met)})", params


def _note_staying(undo: SliceUndo, here: BoundSlice, own: Sequence[Reference], free: Condition) -> str:
    """
    Note the rows of the slice that stay, and all that they point at; return the condition to be none of them.

    Rows that are deleted together may point at each other, but what a row that stays points at has to stay too.
    """
    view, column = here.view, undo.db.column
    keys = [f"k{i}" for i in range(len(view.keys))]
    condition, params = here.both
    pointing = [
        " AND ".join(f"{column('rm_pointing', a)} = {column('rm_pointed', b)}" for a, b in pairs)
        for pairs in (zip(reference.columns, reference.target_columns, strict=True) for reference in own)
    ]
    pointed = ", ".join(column("rm_pointed", key) for key in view.record.keys)
    undo.db.execute(
        f"CREATE TEMPORARY TABLE {STAYING} AS WITH RECURSIVE {STAYING} ({', '.join(keys)}) AS"
        f" (SELECT {', '.join(view.keys)} FROM {view.table}, {view.target} WHERE {condition} AND NOT ({free[0]})"
        f" UNION SELECT {pointed} FROM {STAYING}"
        f" JOIN {view.target} AS rm_pointing ON {_is_staying(undo, view, 'rm_pointing')}"
        f" JOIN {view.target} AS rm_pointed ON {' OR '.join(pointing)}) SELECT * FROM {STAYING}",
        [*params, *free[1]],
    )
    undo.db.execute(f"CREATE INDEX {STAYING}_key ON {STAYING} ({', '.join(keys)})")
    return f" AND NOT EXISTS (SELECT 1 FROM {STAYING} WHERE {_is_staying(undo, view, view.target)})"


def _is_staying(undo: SliceUndo, view: JournalView, alias: str) -> str:
    keys = enumerate(view.record.keys)
    return " AND ".join(f"{undo.db.column(alias, key)} = {STAYING}.k{i}" for i, key in keys)
