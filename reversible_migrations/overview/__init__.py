"""
What people are shown of runs: the one read model of commands, page and broadcast.

``runs`` are all of them with their steps; the other modules tell more of one: what happened to it, how it went by
the clock, what it waited for, its key ranges, its code. All read the ledger and change nothing.
"""

from .progress import FINISHED, Progress, progress_of, step_in_hand
from .runs import (
    EXACT_UP_TO,
    JournalOverview,
    RowSetAside,
    RunOverview,
    StepOverview,
    overview_of,
    read_runs,
    require_tables,
    rows_set_aside,
    status_of,
    what_next,
)

__all__ = [
    "EXACT_UP_TO",
    "FINISHED",
    "JournalOverview",
    "Progress",
    "RowSetAside",
    "RunOverview",
    "StepOverview",
    "overview_of",
    "progress_of",
    "read_runs",
    "require_tables",
    "rows_set_aside",
    "status_of",
    "step_in_hand",
    "what_next",
]
