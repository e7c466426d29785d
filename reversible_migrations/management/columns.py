"""Text in columns."""

from collections.abc import Iterator, Mapping, Sequence


def columns(heads: Mapping[str, str], rows: Sequence[Sequence[str]], indent: int = 2) -> Iterator[str]:
    """Yield ``rows`` under ``heads``, each the title of a column and "<" or ">" for the side it is set to."""
    widths = [max(map(len, cells)) for cells in zip(heads, *rows, strict=True)]
    for row in [list(heads), *rows]:
        cells = [f"{cell:{side}{width}}" for cell, side, width in zip(row, heads.values(), widths, strict=True)]
        yield (" " * indent + "  ".join(cells)).rstrip()
