"""
Sending one message by several outlets: each in a thread of its own, with tries, and a time limit for all.

One that fails, hangs or takes its time is nothing to the others; it is one line in the log.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connections

from .messages import Message
from .outlets import NotSent, Outlet

TRIES = 3
RETRY_SECONDS = 0.5  # of the first try; doubled each time, with full jitter
LIMIT_SECONDS = 15.0  # for all outlets, which work side by side, and their tries

logger = logging.getLogger("reversible_migrations")


@dataclass(frozen=True)
class Delivery:
    """What became of a message at one outlet. ``problem`` is "" once it is sent."""

    outlet: str
    tries: int
    problem: str = ""

    @property
    def is_sent(self) -> bool:
        return not self.problem


class Sending:
    """One message on its way by one outlet."""

    def __init__(self, outlet: Outlet, message: Message, given_up: threading.Event, retry_seconds: float):
        self.outlet, self.message, self.given_up = outlet, message, given_up
        self.retry_seconds = retry_seconds
        self.tries = 0
        self.problem = ""
        self.thread = threading.Thread(target=self._work, daemon=True, name=f"alert outlet {outlet.name}")

    def _work(self) -> None:
        try:
            while not self.given_up.is_set() and self._wants_another_try():
                longest = self.retry_seconds * 2**self.tries
                self.given_up.wait(random.uniform(0, longest))  # full jitter, as for batches
        finally:
            for connection in connections.all(initialized_only=True):  # of this thread: an outlet may have used one
                connection.close()

    def _wants_another_try(self) -> bool:
        """Send it once; return whether that failed for a reason that may pass."""
        self.tries += 1
        is_passing = False
        try:
            self.outlet.send(self.message)
            self.problem = ""
        except NotSent as error:
            self.problem, is_passing = str(error) or "not sent", error.is_passing
        except Exception as error:  # its words may be anybody's
            self.problem, is_passing = type(error).__name__, isinstance(error, OSError)
        return is_passing and self.tries < TRIES

    def delivery(self) -> Delivery:
        if self.thread.is_alive():
            return Delivery(self.outlet.name, self.tries, self.problem or "no answer in time")
        return Delivery(self.outlet.name, self.tries, self.problem)


def dispatch(
    message: Message,
    outlets: Sequence[Outlet],
    limit_seconds: float = LIMIT_SECONDS,
    retry_seconds: float = RETRY_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> list[Delivery]:
    """Send ``message`` by all ``outlets`` at once; return what became of it at each, within ``limit_seconds``."""
    given_up = threading.Event()
    sendings = [Sending(outlet, message, given_up, retry_seconds) for outlet in outlets]
    for sending in sendings:
        sending.thread.start()
    until = clock() + limit_seconds
    for sending in sendings:
        sending.thread.join(max(0.0, until - clock()))
    given_up.set()  # whoever is at it may come to the end of the try in hand
    deliveries = [sending.delivery() for sending in sendings]
    for delivery in deliveries:
        if not delivery.is_sent:
            logger.warning(
                "The alert %s was not sent by %s: %s (tries: %d).",
                message.id, delivery.outlet, delivery.problem, delivery.tries,
            )  # fmt: skip
    return deliveries
