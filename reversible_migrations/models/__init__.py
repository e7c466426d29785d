from .alert import Alert
from .journal import ConflictingRow, JournalTable, QuarantinedRow
from .order import Order
from .run import Event, KeyRange, Run, Step, Timing, Verification, Wish

__all__ = [
    "Alert",
    "ConflictingRow",
    "Event",
    "JournalTable",
    "KeyRange",
    "Order",
    "QuarantinedRow",
    "Run",
    "Step",
    "Timing",
    "Verification",
    "Wish",
]
