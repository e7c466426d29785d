"""A preview as lines of text, for ``preview_patch``."""

from collections.abc import Iterator
from typing import Any

from django.core.management.color import Style

from ..authoring.preview import Preview, RowPreview, StepPreview, TablePreview
from ..progress import words
from ..states import JournalKind
from .columns import columns

LONGEST_VALUE = 40  # characters; what is longer is cut
MOST_COLUMNS = 8  # of a row that is created or deleted


def preview_lines(preview: Preview, style: Style) -> Iterator[str]:
    """Yield every step with its tables: the changed columns as "before -> after", whole rows otherwise."""
    first = "the first row" if preview.rows == 1 else f"the first {words.rows(preview.rows)}"
    yield style.MIGRATE_HEADING(f"{preview.migration}, {first} of each step:")
    if preview.without:
        yield f"  (without what {', '.join(preview.without)} would do before)"
    for step in preview.steps:
        yield ""
        yield style.MIGRATE_LABEL(f"  Step {step.number}: {step.kind} {step.model}")
        yield from _step_lines(step)
    yield ""
    if preview.stopped:
        yield f"The preview ends here: {preview.stopped}"
    yield "Nothing was changed."


def _step_lines(step: StepPreview) -> Iterator[str]:
    if step.note:
        yield f"    not shown: {step.note}"
        return
    for table in step.tables:
        yield f"    {HEADINGS[table.kind]} {table.table}:"
        yield from columns(*_cells(table), indent=6)
    if not step.tables:
        yield "    none of these rows would change"
    if step.skipped:
        yield f"    {words.rows(step.skipped)} left as they are (Skip)"
    for error, number in step.failed.items():
        yield f"    {words.rows(number)} would fail with {error} and be set aside"


HEADINGS: dict[str, str] = {
    JournalKind.UPDATE: "changed in",
    JournalKind.CREATE: "created in",
    JournalKind.DELETE: "deleted from",
}


def _cells(table: TablePreview) -> tuple[dict[str, str], list[list[str]]]:
    keys, first = list(table.rows[0].key), table.rows[0]
    names = [name for name in first.before or first.after or {} if _is_shown(name, table)]
    left_out = names[MOST_COLUMNS:]
    if table.kind != JournalKind.UPDATE:
        names = names[:MOST_COLUMNS]
    heads = dict.fromkeys([*keys, *names], "<")
    rows = [[*(_text(row.key[key]) for key in keys), *(_change(row, name) for name in names)] for row in table.rows]
    if left_out and table.kind != JournalKind.UPDATE:
        heads[f"(and {len(left_out)} more)"] = "<"
        rows = [[*row, ""] for row in rows]
    return heads, rows


def _is_shown(name: str, table: TablePreview) -> bool:
    if table.kind != JournalKind.UPDATE:
        return name not in table.rows[0].key
    return any(row.before != row.after and (row.before or {})[name] != (row.after or {})[name] for row in table.rows)


def _change(row: RowPreview, name: str) -> str:
    if row.before is None or row.after is None:
        return _text((row.before or row.after or {})[name])
    before, after = _text(row.before[name]), _text(row.after[name])
    return f"{before} -> {after}" if row.before[name] != row.after[name] else before


def _text(value: Any) -> str:
    if value is None:
        return "NULL"
    text = bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)
    text = text.replace("\n", "\\n").replace("\r", "\\r")
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."
