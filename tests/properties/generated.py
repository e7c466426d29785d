"""Strategies for rows, for the steps of a patch, and for what an application writes afterwards."""

import datetime
import string
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

# PostgreSQL stores no NUL, and no text has lone surrogates.
characters = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
texts = st.text(characters, max_size=12) | st.sampled_from(
    ["", " ", "'", "%s", "ß", "I\u0307", "e\u0301", "😀", "NULL"]
)
scalars = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2)


documents = st.recursive(scalars | texts, nested, max_leaves=4)
moments = st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2200, 1, 1), timezones=st.just(datetime.UTC))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "label": texts,
    "text": texts,
    "amount": st.decimals(-(10**15), 10**15, places=10),
    "measure": st.floats(allow_nan=False, min_value=-1e300, max_value=1e300) | st.sampled_from([0.1, -0.0, 5e-324]),
    "number": st.integers(-(10**15), 10**15),
    "data": documents,
    "blob": st.binary(max_size=8),
    "at": moments,
    "day": st.dates(datetime.date(1, 1, 1)),
    "time": st.times(),
    "span": st.timedeltas(datetime.timedelta(-10_000), datetime.timedelta(10_000)),
    "uuid": st.uuids(),
    "flag": st.booleans(),
}
SHELVES = ["a", "B", "ç", "long " * 5]
shelf_codes = st.sampled_from(SHELVES)
specimens = st.fixed_dictionaries(
    {name: st.none() | values for name, values in VALUES.items()},
    optional={"shelf_id": shelf_codes, "spare_id": shelf_codes},
)
conditions = st.sampled_from(["all", "even", "odd", "flagged", "unlabelled", "on a shelf", "positive"])


@dataclass(frozen=True)
class Step:
    """One call of a patch: what it is, of which rows, and by which change."""

    kind: str
    rows: str = "all"
    change: str = ""


UPDATES = ["label", "amount", "number", "measure", "null", "constants", "copied", "spare", "random", "json null"]
TRANSFORMS = ["label", "data", "numbers", "bytes", "times", "mixed types"]
BODIES = ["update", "save", "delete", "create", "replace shelf", "move shelf", "rename", "nothing"]
steps = st.one_of(
    st.builds(Step, st.just("update"), conditions, st.sampled_from(UPDATES)),
    st.builds(Step, st.just("transform"), conditions, st.sampled_from(TRANSFORMS)),
    st.builds(Step, st.just("create"), st.just("all"), st.sampled_from(["specimens", "shelves", "none"])),
    st.builds(Step, st.just("delete"), conditions, st.sampled_from(["specimens", "shelves"])),
    st.builds(Step, st.just("record"), conditions, st.sampled_from(BODIES)),
)


@dataclass(frozen=True)
class Write:
    """What the application does to one row, by its place among those there are then; ``fresh`` makes it tell-tale."""

    kind: str
    place: int
    columns: tuple[str, ...] = ()


fresh_columns = st.lists(st.sampled_from(["label", "text", "number", "amount", "uuid"]), min_size=1, max_size=3)
writes = st.one_of(
    st.builds(Write, st.just("change"), st.integers(0, 20), fresh_columns.map(tuple)),
    st.builds(Write, st.just("delete"), st.integers(0, 20)),
    st.builds(Write, st.just("insert"), st.integers(0, 20)),
)
shelf_names = st.text(string.ascii_letters + "éß", min_size=1, max_size=5)
