from .alert import Alert
from .journal import ConflictingRow, JournalTable, QuarantinedRow
from .run import Event, KeyRange, Run, Step, Wish

__all__ = ["Alert", "ConflictingRow", "Event", "JournalTable", "KeyRange", "QuarantinedRow", "Run", "Step", "Wish"]
