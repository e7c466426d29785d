"""Undo of changed rows: each column gets its before-image back where it still holds its after-image."""

from collections.abc import Sequence

from django.db import DataError, IntegrityError, transaction

from .slice_undo import OVERWRITE, Restored, SliceUndo
from .unique_swaps import parking_values, restore_by_parking
from .views import BoundSlice, JournalSlice, JournalView


def restore_changed(
    undo: SliceUndo, view: JournalView, part: JournalSlice, all_views: Sequence[JournalView]
) -> Restored:
    """Restore the rows of a slice column by column, by the undo's policy, and list those that were changed since."""
    return _restore_in_halves(undo, view, part) if undo.in_halves else _restore(undo, view, part)


def _restore_in_halves(undo: SliceUndo, view: JournalView, part: JournalSlice) -> Restored:
    """Restore what can be restored of a slice, and list the rows whose unique value another row has taken since."""
    try:
        with transaction.atomic(using=undo.db.alias):
            return _restore(undo, view, part)
    except (IntegrityError, DataError):
        halves = view.halves(part)
    if halves is None:
        return Restored(0, undo.list_conflicts(BoundSlice(view, part), "1 = 1", "'blocked'", "'kept'"))
    restored = [_restore_in_halves(undo, view, half) for half in halves]
    return Restored(sum(half.rows for half in restored), sum(half.conflicts for half in restored))


def _restore(undo: SliceUndo, view: JournalView, part: JournalSlice) -> Restored:
    here = BoundSlice(view, part)
    if undo.policy == OVERWRITE:
        return _overwrite(undo, here)
    restored = _restore_whole(undo, here)
    if restored == here.total:
        return Restored(restored, 0)
    if len(view.columns) > 1:
        _restore_by_column(undo, here)
    conflicts = undo.list_conflicts(here, _changed_since(undo, view))
    return Restored(here.total - conflicts, conflicts)


def _restore_whole(undo: SliceUndo, here: BoundSlice) -> int:
    """Restore the rows of which every column is as the patch left it."""
    view, db = here.view, undo.db
    condition, params = here.both
    condition = f"{condition} AND {db.same(view.columns, view.after)}"
    whole = undo.assign(view, view.before)
    values = parking_values(db, view.target, view.names) if undo.parks else None
    if values is not None:
        return restore_by_parking(db, here, (condition, tuple(params)), whole, values)
    return db.execute(f"UPDATE {view.target} SET {whole} FROM {view.table} WHERE {condition}", params)


def _restore_by_column(undo: SliceUndo, here: BoundSlice) -> None:
    """Restore, in every row, the columns that are as the patch left them."""
    view, db = here.view, undo.db
    condition, params = here.both
    by_column = [
        f"CASE WHEN {db.same([c], [a])} THEN {b} ELSE {c} END"
        for c, b, a in zip(view.columns, view.before, view.after, strict=True)
    ]
    db.execute(
        f"UPDATE {view.target} SET {undo.assign(view, by_column)} FROM {view.table}"
        f" WHERE {condition} AND NOT {db.same(view.columns, view.before)}",
        params,
    )


def _overwrite(undo: SliceUndo, here: BoundSlice) -> Restored:
    view = here.view
    undo.lock(here)
    conflicts = undo.list_conflicts(here, _changed_since(undo, view))
    condition, params = here.both
    own_changes = [
        f"CASE WHEN {undo.db.same([b], [a])} THEN {c} ELSE {b} END"
        for c, b, a in zip(view.columns, view.before, view.after, strict=True)
    ]
    restored = undo.db.execute(
        f"UPDATE {view.target} SET {undo.assign(view, own_changes)} FROM {view.table} WHERE {condition}", params
    )
    return Restored(restored, conflicts)


def _changed_since(undo: SliceUndo, view: JournalView) -> str:
    """Return the condition of a row that holds a value of neither image, or is not there."""
    same = undo.db.same
    held = view.before if undo.policy != OVERWRITE else view.after
    differing = [
        f"(NOT {same([b], [a])} AND NOT {same([c], [h])})"
        for c, b, a, h in zip(view.columns, view.before, view.after, held, strict=True)
    ]
    return f"({view.keys[0]} IS NULL OR {' OR '.join(differing)})"
