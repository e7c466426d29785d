"""Bounded slices of a primary key, in its order, each found with one indexed look-up."""

from ..databases.base import Key
from .selection import KeyColumns, KeySlice


def last_key(keys: KeyColumns) -> Key | None:
    """Return the table's greatest key, or None if it is empty."""
    found = keys.db.row(f"SELECT {keys.values()} FROM {keys.table} ORDER BY {keys.order('DESC')} LIMIT 1")
    return None if found is None else keys.db.key_to_json(found)


def next_slice(keys: KeyColumns, low: Key | None, upper: Key, rows: int) -> KeySlice | None:
    """
    Return the slice of the ``rows`` keys after ``low``, or of those that are left up to ``upper``.

    None when no key is left. Gaps in the keys do not matter: (1, 2, 900) is one slice of 3 rows.
    """
    if low == upper:
        return None
    conditions, params = keys.compared("<=", upper)
    if low is not None:
        above, more = keys.compared(">", low)
        conditions, params = f"{above} AND {conditions}", (*more, *params)
    found = keys.db.row(
        f"SELECT {keys.values()} FROM {keys.table} WHERE {conditions}"
        f" ORDER BY {keys.order()} LIMIT 1 OFFSET {int(rows) - 1}",
        params,
    )
    if found is None:  # the last one: its rows are counted, or a few failures would be a small share of many rows
        left = keys.db.value(f"SELECT count(*) FROM {keys.table} WHERE {conditions}", params) or 0
        return KeySlice(low, upper, int(left))
    return KeySlice(low, keys.db.key_to_json(found), rows)


def halves(keys: KeyColumns, whole: KeySlice) -> list[KeySlice] | None:
    """Return the two halves of a slice by its number of keys, or None if it holds one key at the most."""
    conditions, params = keys.compared("<=", whole.high)
    if whole.low is not None:
        above, more = keys.compared(">", whole.low)
        conditions, params = f"{above} AND {conditions}", (*more, *params)
    count = keys.db.value(f"SELECT count(*) FROM {keys.table} WHERE {conditions}", params) or 0
    if count < 2:
        return None
    first = next_slice(keys, whole.low, whole.high, int(count) // 2)
    if first is None or first.high == whole.high:
        return None
    return [
        KeySlice(whole.low, first.high, int(count) // 2),
        KeySlice(first.high, whole.high, int(count) - int(count) // 2),
    ]
