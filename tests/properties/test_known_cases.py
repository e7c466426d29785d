"""Patches and later writes that have once been undone wrongly, or that are easily undone wrongly."""

from typing import Any

import pytest

from tests.properties.generated import Step, Write
from tests.properties.test_undo import clean, later_writes_kept, undone_exactly

__all__ = ["clean"]

ROWS: list[dict[str, Any]] = [
    {"label": "x", "shelf_id": "a"},
    {"label": "y", "spare_id": "a", "number": 4},
    {"label": "z", "shelf_id": "B", "spare_id": "a"},
    {"label": None, "shelf_id": "a", "spare_id": "a"},
]
NAMES = ["A", "B", "C", "D"]
PATCHES = {
    "recorded update": [Step("record", "all", "update")],
    "recorded rows point at a created one": [Step("record", "all", "create")],
    "a created row takes the unique value and the place of a deleted one": [Step("record", "all", "replace shelf")],
    "the same, behind a change of all unique values": [
        Step("record", "all", "rename"),
        Step("record", "all", "replace shelf"),
    ],
    "deleted twice over": [Step("record", "all", "replace shelf"), Step("delete", "odd", "specimens")],
    "cascades along a chain": [Step("delete", "all", "shelves")],
    "unique values change": [Step("record", "all", "rename")],
    "values of mixed types": [Step("transform", "all", "mixed types")],
    "values that differ from call to call": [Step("update", "all", "random"), Step("update", "all", "copied")],
}
WRITES = {
    "a row that others point at is deleted": [Write("change", 0, ("label",)), Write("delete", 0)],
    "a new row points at what the patch created": [Write("insert", 0)],
    "a new row takes the place of a deleted one, beside a change": [Write("change", 0, ("label",)), Write("insert", 1)],
    "the rows that are left are deleted": [Write("delete", 1), Write("delete", 1)],
}


@pytest.mark.parametrize("patch", PATCHES.values(), ids=PATCHES)
def test_a_known_patch_is_undone_to_the_bit(clean: None, patch: list[Step]) -> None:
    undone_exactly(ROWS, NAMES, patch)


@pytest.mark.parametrize("writes", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("patch", PATCHES.values(), ids=PATCHES)
def test_later_writes_stay_beside_a_known_patch(clean: None, patch: list[Step], writes: list[Write]) -> None:
    later_writes_kept(ROWS, NAMES, patch, writes)
