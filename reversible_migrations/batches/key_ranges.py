"""Bounded ranges of a primary key, in its order, each found with one indexed look-up."""

from ..databases.base import Key
from .selection import KeyColumns, KeyRange


def last_key(keys: KeyColumns) -> Key | None:
    """Return the table's greatest key, or None if it is empty."""
    found = keys.db.row(f"SELECT {keys.values()} FROM {keys.table} ORDER BY {keys.order('DESC')} LIMIT 1")
    return None if found is None else keys.db.key_to_json(found)


def next_range(keys: KeyColumns, low: Key | None, upper: Key, rows: int) -> KeyRange | None:
    """
    Return the range of the ``rows`` keys after ``low``, or of those that are left up to ``upper``.

    None when no key is left. Gaps in the keys do not matter: (1, 2, 900) is one range of 3 rows.
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
    if found is None:  # the last range: its rows are counted, or a few failures would be a small share of many rows
        left = keys.db.value(f"SELECT count(*) FROM {keys.table} WHERE {conditions}", params) or 0
        return KeyRange(low, upper, int(left))
    return KeyRange(low, keys.db.key_to_json(found), rows)


def halves(keys: KeyColumns, whole: KeyRange) -> list[KeyRange] | None:
    """Return the two halves of a range by its number of keys, or None if it holds one key at the most."""
    conditions, params = keys.compared("<=", whole.high)
    if whole.low is not None:
        above, more = keys.compared(">", whole.low)
        conditions, params = f"{above} AND {conditions}", (*more, *params)
    count = keys.db.value(f"SELECT count(*) FROM {keys.table} WHERE {conditions}", params) or 0
    if count < 2:
        return None
    first = next_range(keys, whole.low, whole.high, int(count) // 2)
    if first is None or first.high == whole.high:
        return None
    return [
        KeyRange(whole.low, first.high, int(count) // 2),
        KeyRange(first.high, whole.high, int(count) - int(count) // 2),
    ]
