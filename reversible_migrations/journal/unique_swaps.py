"""
Unique values that change places within a batch.

A database checks uniqueness row by row, so ``rank = 3 - rank`` fails on two rows although the end
would be right. Such a batch is done in two steps: the rows are *parked* on unique values that
nobody has, then they get their new ones.
"""

from collections.abc import Sequence

from ..databases.base import Database, Sql, TableChange
from .views import BoundSlice

PARKED = "rm_parked"


def parking_values(db: Database, target: str, columns: Sequence[str]) -> dict[str, str] | None:
    """
    Return, for each of ``columns`` that is unique, SQL for a free value that depends on the number ``rm_parked.n``.

    None if no column is unique, or one is of a type without such values.
    """
    unique = db.unique_columns(target)
    found: dict[str, str] = {}
    for name in columns:
        if name in unique:
            value = db.free_value(target, db.columns(target)[name])
            if value is None:
                return None
            found[name] = value
    return found or None


def park(db: Database, target: str, keys: Sequence[str], values: dict[str, str], numbered: Sql) -> None:
    """Give the rows of ``target`` whose keys ``numbered`` selects (as ``k0``...) the parking ``values``."""
    names = ", ".join([*(f"k{i}" for i in range(len(keys))), "n"])
    assigned = ", ".join(f"{db.literal(db.quote(name))} = {value}" for name, value in values.items())
    joined = " AND ".join(f"{db.column(target, key)} = {PARKED}.k{i}" for i, key in enumerate(keys))
    db.execute(
        f"WITH {PARKED} ({names}) AS ({numbered[0]}) UPDATE {target} SET {assigned} FROM {PARKED} WHERE {joined}",
        numbered[1],
    )


def change_by_parking(db: Database, source: Sql, change: TableChange, batch: int, values: dict[str, str]) -> int:
    """
    Do what ``Database.change_rows`` does for one table, by way of the parking ``values``; return how many rows.

    ``source`` gives keys, before-images and after-images, and locks the rows.
    """
    db.execute(
        f"INSERT INTO {change.journal} SELECT {int(batch)}, rm_before.* FROM ({source[0]}) AS rm_before", source[1]
    )
    images = db.images("key", change.keys)
    here = f"FROM {change.journal} WHERE batch = {int(batch)}"
    park(db, change.target, change.keys, values, (f"SELECT {', '.join(images)}, row_number() OVER () {here}", ()))
    return db.assign_after(change, f"{change.journal}.batch = {int(batch)}")


def restore_by_parking(db: Database, here: BoundSlice, condition: Sql, whole: str, values: dict[str, str]) -> int:
    """
    Restore the rows of the slice ``here`` that meet ``condition``, by way of the parking ``values``.

    Return how many. ``whole`` is the SET that gives the before-images.
    """
    view = here.view
    keys = [f"k{i}" for i in range(len(view.keys))]
    chosen = ", ".join(f"{image} AS {key}" for image, key in zip(view.key_images, keys, strict=True))
    rows = f"SELECT {chosen}, row_number() OVER () AS n FROM {view.table}, {view.target} WHERE {condition[0]}"
    table = db.quote(f"{PARKED}_rows")
    db.execute(f"CREATE TEMPORARY TABLE {table} AS {rows}", condition[1])
    park(db, view.target, view.record.keys, values, (f"SELECT {', '.join(keys)}, n FROM {table}", ()))
    matched = " AND ".join(f"{table}.{key} = {image}" for key, image in zip(keys, view.key_images, strict=True))
    restored = db.execute(
        f"UPDATE {view.target} SET {whole} FROM {view.table}, {table}"
        f" WHERE {here.within} AND {matched} AND {view.joined}",
        here.params,
    )
    db.drop_table(table)
    return restored
