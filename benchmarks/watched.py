"""The batches of a run, as its workers note them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Batch = tuple[float, int, float]  # when it ended (monotonic clock), its rows, its seconds


@contextmanager
def watched_batches() -> Iterator[list[Batch]]:
    """Note every batch that ends inside the block."""
    from reversible_migrations.batches.driver import Driver

    batches: list[Batch] = []
    note = Driver.note

    def noted(driver: Any, rows: int, seconds: float, held_up_seconds: float = 0.0) -> None:
        batches.append((time.monotonic(), rows, seconds))
        note(driver, rows, seconds, held_up_seconds)

    Driver.note = noted  # type: ignore[method-assign]  # this is a benchmark, and no test
    try:
        yield batches
    finally:
        Driver.note = note  # type: ignore[method-assign]
