"""
What the engine tells those who watch. Receivers are called by ``send_robust``: one that fails
is logged and never fails a run.

Every signal carries ``run`` and ``using``; step signals carry ``step`` as well. None carries row values.
"""

import logging
from typing import Any

from django.dispatch import Signal

run_started = Signal()
run_finished = Signal()  # status: RunStatus
status_changed = Signal()  # before: str, reason: str; of a run that was opened already, once that is committed
step_started = Signal()
step_moved = Signal()  # between those below, at most four times a second; the ledger does not have it yet
step_progressed = Signal()  # at most once a second and step; pace: batch_size, workers, gauge, gauges, eta
step_finished = Signal()
waiting = Signal()  # reason: str, seconds: float
noted = Signal()  # text: str

logger = logging.getLogger("reversible_migrations")


def tell(signal: Signal, **facts: Any) -> None:
    """Send ``signal``; a receiver that raises is logged by its name and type of error, no more."""
    for receiver, result in signal.send_robust(sender=None, **facts):
        if isinstance(result, Exception):
            logger.warning("%s failed with %s; the run goes on.", receiver, type(result).__name__)
