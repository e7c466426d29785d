"""
References that undo gave back, and whose row is not there: the application has deleted it since.

Rows of several tables are restored in one transaction, and foreign keys are checked at its end. So a
reference is looked at when all of them are through: whatever was to come back has come back by then.
"""

from ..databases.base import Reference
from .slices import BoundSlice, JournalSlice, JournalView, SliceRestorer


def take_back_dangling(restorer: SliceRestorer, view: JournalView, part: JournalSlice) -> int:
    """Leave such references as the patch left them, list their rows as blocked, and return how many."""
    blocked = 0
    for number, reference in enumerate(restorer.references(view.target)):
        if reference.table == view.target and set(reference.columns) <= set(view.names):
            blocked += _take_back(restorer, BoundSlice(view, part), reference, f"rm_ref_{number}")
    return blocked


def _take_back(restorer: SliceRestorer, here: BoundSlice, reference: Reference, alias: str) -> int:
    view, db = here.view, restorer.db
    columns, before, after = (
        dict(zip(view.names, values, strict=True)) for values in (view.columns, view.before, view.after)
    )
    own = list(reference.columns)
    pairs = list(zip(own, reference.target_columns, strict=True))
    found = " AND ".join(f"{db.column(alias, b)} = {before[a]}" for a, b in pairs)
    restored = [db.same([columns[a] for a in own], [before[a] for a in own])]
    restored += [f"NOT {db.same([before[a] for a in own], [after[a] for a in own])}"]
    restored += [f"{before[a]} IS NOT NULL" for a in own]
    restored += [f"NOT EXISTS (SELECT 1 FROM {reference.target} AS {alias} WHERE {found})"]
    dangling = " AND ".join(restored)
    if not restorer.list_conflicts(here, dangling, "'blocked'", "'kept'"):
        return 0
    condition, params = here.both
    assigned = ", ".join(f"{db.literal(db.quote(a))} = {after[a]}" for a in own)
    return db.execute(f"UPDATE {view.target} SET {assigned} FROM {view.table} WHERE {condition} AND {dangling}", params)
