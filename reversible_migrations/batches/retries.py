"""Trying a batch again: after a deadlock, a serialization failure, a lost connection."""

import random

from django.db import DatabaseError, InterfaceError

from .. import signals
from ..models import KeyRange, Step
from ..runs.run import ActiveRun

RETRY_SECONDS = 0.1  # of the first try; doubled each time, with full jitter
LONGEST_RETRY_SECONDS = 10.0


class Retries:
    """The tries of the batch in hand, of one worker."""

    def __init__(self, run: ActiveRun, step: Step, place: KeyRange | None = None):
        self.run, self.step, self.place = run, step, place
        self.tries = 0

    def may_try_again(self, error: Exception) -> bool:
        """Wait, and return True, if the same batch may work next time."""
        db = self.run.db
        lost = db.is_lost_connection(error)
        if db.connection.in_atomic_block or not (lost or db.is_passing(error)):
            return False
        while self.tries < int(self.run.option("RETRIES")):
            self.tries += 1
            self._wait(error, lost)
            if not lost or self._reconnect():
                return True
        return False

    def _wait(self, error: Exception, lost: bool) -> None:
        longest = min(LONGEST_RETRY_SECONDS, RETRY_SECONDS * 2**self.tries)
        seconds = random.uniform(0, longest)  # full jitter: AWS Architecture Blog, "Exponential Backoff And Jitter"
        reason = f"{self.run.db.describe(error)}; trying again"
        signals.tell(
            signals.waiting, run=self.run.record, step=self.step, using=self.run.alias, reason=reason, seconds=seconds
        )
        self.run.control.nap(seconds)

    def _reconnect(self) -> bool:
        """Open the connection anew, and read what became of the batch whose commit was not answered."""
        try:
            self.run.db.connection.close()
            if self.place is not None:
                self.place.refresh_from_db(using=self.run.alias)
            self.run.renew_session(self.place)
        except (DatabaseError, InterfaceError):
            return False
        return True
