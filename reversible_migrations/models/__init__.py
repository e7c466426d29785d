from .journal import ConflictingRow, JournalTable, QuarantinedRow
from .run import Event, KeyRange, Run, Step, Wish

__all__ = ["ConflictingRow", "Event", "JournalTable", "KeyRange", "QuarantinedRow", "Run", "Step", "Wish"]
