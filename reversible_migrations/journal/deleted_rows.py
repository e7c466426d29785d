"""Undo of deleted rows: they are inserted again, where their place and their parents are there."""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction

from ..databases.base import Reference
from .slice_undo import OVERWRITE, Restored, SliceUndo
from .views import BoundSlice, JournalSlice, JournalView


def reinsert_deleted(
    undo: SliceUndo, view: JournalView, part: JournalSlice, all_views: Sequence[JournalView]
) -> Restored:
    """Insert the rows of a slice again; list those that others took the place of, or whose parents are gone."""
    here = BoundSlice(view, part)
    listed = 0
    if undo.policy == OVERWRITE:
        undo.lock(here)
        there = f"{view.keys[0]} IS NOT NULL AND NOT {undo.db.same(view.columns, view.before)}"
        listed = undo.list_conflicts(here, there, "'re-created'")
    restored = _insert(undo, here, all_views)
    if restored == here.total:
        return Restored(restored, listed)
    missing = f"({view.keys[0]} IS NULL OR NOT {undo.db.same(view.columns, view.before)})"
    reason = f"CASE WHEN {view.keys[0]} IS NULL THEN 'blocked' ELSE 're-created' END"
    conflicts = undo.list_conflicts(here, missing, reason, "'kept'")
    return Restored(here.total - conflicts, conflicts + listed)


def _insert(undo: SliceUndo, here: BoundSlice, all_views: Sequence[JournalView]) -> int:
    view, db = here.view, undo.db
    own = [r for r in undo.references_from(view.target) if r.target == view.target]
    present, more = _parents_present(undo, here, all_views)
    names = ", ".join(db.literal(db.quote(name)) for name in view.names)
    statement = (
        f"INSERT INTO {view.target} ({names}){db.overriding} SELECT {', '.join(view.before)}"
        f" FROM {view.table} WHERE {here.within}{present}"
    )
    params = [*here.params, *more]
    if undo.policy != OVERWRITE and not own:
        try:  # a row that is there again is rare, and looking out for one takes twice the time
            with transaction.atomic(using=db.alias):
                return db.execute(statement, params)
        except IntegrityError:
            pass
    present_before = _overwrite_present(undo, here) if undo.policy == OVERWRITE else 0
    restored = db.execute(f"{statement} ON CONFLICT DO NOTHING", params)
    return present_before + restored - _remove_orphans(undo, here, own)


def _overwrite_present(undo: SliceUndo, here: BoundSlice) -> int:
    """Give the rows that are there again the values they had; none of them if a unique value is taken."""
    view = here.view
    condition, params = here.both
    try:
        with transaction.atomic(using=undo.db.alias):
            return undo.db.execute(
                f"UPDATE {view.target} SET {undo.assign(view, view.before)} FROM {view.table} WHERE {condition}", params
            )
    except IntegrityError:
        return 0


def _remove_orphans(undo: SliceUndo, here: BoundSlice, own: Sequence[Reference]) -> int:
    """Take out again the rows whose parent in their own table could not be put back; return how many."""
    removed, view = 0, here.view
    missing = " OR ".join(_parent_is_missing(undo, view.target, f"rm_own_{n}", r) for n, r in enumerate(own))
    while own:
        condition, params = here.both
        found = undo.db.delete_joined(view.target, view.record.keys, view.table, f"{condition} AND ({missing})", params)
        if not found:
            break
        removed += found
    return removed


def _parent_is_missing(undo: SliceUndo, target: str, alias: str, reference: Reference) -> str:
    column = undo.db.column
    pairs = list(zip(reference.columns, reference.target_columns, strict=True))
    known = " AND ".join(f"{column(target, a)} IS NOT NULL" for a, _ in pairs)
    met = " AND ".join(f"{column(alias, b)} = {column(target, a)}" for a, b in pairs)
    return f"({known} AND NOT EXISTS (SELECT 1 FROM {target} AS {alias} WHERE {met}))"


def _parents_present(undo: SliceUndo, here: BoundSlice, all_views: Sequence[JournalView]) -> tuple[str, list[Any]]:
    """Return the condition that the rows a row points at are there, or come with the same slice."""
    view = here.view
    sql, params = "", list[Any]()
    places = {other.target: place for place, other in enumerate(all_views)}
    for number, reference in enumerate(undo.references_from(view.target)):
        if places.get(reference.target, -1) > places[view.target]:
            continue  # in a circle, and inserted later in this transaction
        alias = f"rm_ref_{number}"
        images = view.image_of("before", reference.columns)
        nulls = " OR ".join(f"{image} IS NULL" for image in images)
        met = " AND ".join(
            f"{undo.db.column(alias, b)} = {image}" for image, b in zip(images, reference.target_columns, strict=True)
        )
        beside = ""
        if reference.target == view.target:
            parents = view.image_of("before", reference.target_columns, alias)
            same = " AND ".join(f"{parent} = {image}" for parent, image in zip(parents, images, strict=True))
            within, more = view.within(here.part, alias)
            beside = f" OR EXISTS (SELECT 1 FROM {view.table} AS {alias} WHERE {within} AND {same})"
            params += more
        sql += f" AND ({nulls} OR EXISTS (SELECT 1 FROM {reference.target} AS {alias} WHERE {met}){beside})"
    return sql, params
