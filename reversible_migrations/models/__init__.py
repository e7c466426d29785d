from .journal import ConflictingRow, JournalTable, QuarantinedRow
from .run import Event, Run, Step

__all__ = ["ConflictingRow", "Event", "JournalTable", "QuarantinedRow", "Run", "Step"]
