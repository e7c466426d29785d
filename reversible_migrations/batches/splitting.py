"""Cutting a table's keys into ranges of about as many rows each, by how its keys are spread."""

from ..databases.base import Key
from .selection import KeyColumns

RANGES_PER_WORKER = 4  # so that one that is done early finds more to do
FEWEST_ROWS = 5_000  # of a range: fewer are not worth a worker of their own
MOST_RANGES = 200

Part = tuple[Key | None, Key]


def split(keys: KeyColumns, low: Key | None, upper: Key, rows: int, workers: int) -> list[Part]:
    """
    Return ranges that together hold the keys above ``low`` up to ``upper``, in their order.

    ``rows`` is about how many there are. 500,000 rows and 2 workers make 8 ranges of some 62,000
    rows. The bounds come from the planner's histogram or from sampled rows, so gaps and crowded
    places in the keys do not matter; a bound need not be the key of a row.
    """
    wanted = min(workers * RANGES_PER_WORKER, rows // FEWEST_ROWS, MOST_RANGES)
    if workers < 2 or wanted < 2:
        return [(low, upper)]
    bounds = _inside(keys, keys.db.known_quantiles(keys.table, keys.names, wanted), low, upper)
    if len(bounds) < wanted // 2:  # no statistics, or those of an earlier state of the table
        bounds = _inside(keys, keys.db.sampled_quantiles(keys.table, keys.names, wanted), low, upper)
    return list(zip([low, *bounds], [*bounds, upper], strict=True))


def _inside(keys: KeyColumns, bounds: list[Key], low: Key | None, upper: Key) -> list[Key]:
    """Return those of ``bounds`` between ``low`` and ``upper``, in the order of the index and each once."""
    if not bounds:
        return []
    typed = ", ".join(keys.placeholders)
    names = [f"k{i}" for i in range(len(keys.names))]
    values = ", ".join([f"({typed})"] * len(bounds))
    params = [value for bound in bounds for value in keys.db.key_params(bound)]
    row, one = f"({', '.join(names)})", f"({typed})"
    conditions, more = [f"{row} < {one}"], list(keys.db.key_params(upper))
    if low is not None:
        conditions.append(f"{row} > {one}")
        more += keys.db.key_params(low)
    found = keys.db.rows(
        f"SELECT {', '.join(keys.db.key_value(name) for name in names)} FROM (SELECT DISTINCT * FROM (VALUES {values})"
        f" AS rm_bounds ({', '.join(names)})) AS rm_once WHERE {' AND '.join(conditions)}"
        # The alias matters: a bare name would be that of the text selected, and 10 would come before 9.
        f" ORDER BY {', '.join(f'rm_once.{name}' for name in names)}",
        [*params, *more],
    )
    return [keys.db.key_to_json(bound) for bound in found]
