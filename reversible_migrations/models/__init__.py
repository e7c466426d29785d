from .alert import Alert
from .journal import ConflictingRow, JournalTable, QuarantinedRow
from .order import Order
from .run import Event, KeyRange, Run, Step, Wish

__all__ = [
    "Alert", "ConflictingRow", "Event", "JournalTable", "KeyRange", "Order", "QuarantinedRow", "Run", "Step", "Wish",
]  # fmt: skip
