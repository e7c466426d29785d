"""
Sends messages through the channel layer, from a daemon thread with an event loop of its own.

Whoever posts a message waits for nothing: a layer that is slow, hangs or is dead costs a run no time. Channels is
imported in the thread, when there is something to send.
"""

import asyncio
import atexit
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from ..conf import setting
from .breaker import Breaker
from .messages import COMPLETION, PROGRESS, STATUS, Message
from .outbox import Outbox

GROUPS = {PROGRESS: "migration_progress", STATUS: "migration_status", COMPLETION: "migration_completion"}
EVENT = "migration.message"
IN_ONE_PROCESS = "channels.layers.InMemoryChannelLayer"
PAUSE_SECONDS = 0.25  # between two messages of progress of one run
SEND_SECONDS = 1.0  # that one message may take
FAREWELL_SECONDS = 1.0  # that the end of the process may wait for the last messages

logger = logging.getLogger("reversible_migrations")


def layer_name() -> str | None:
    """Return the name of the channel layer by which other processes are told, or None where there is none."""
    name: str | None = setting("CHANNEL_LAYER")
    layers = getattr(settings, "CHANNEL_LAYERS", None) or {}
    if name is None or name not in layers or layers[name].get("BACKEND") == IN_ONE_PROCESS:
        return None
    return name


def reason(error: Exception) -> str:
    """Return what kind of error it is, and its words where they are of an installation, which has no values."""
    is_of_installation = isinstance(error, ImportError) or type(error).__name__ == "InvalidChannelLayerError"
    return str(error) if is_of_installation else type(error).__name__


@dataclass(frozen=True)
class Post:
    """What is to be sent of a run; ``make`` makes the message, in the thread."""

    run: tuple[str, int]
    kind: str
    make: Callable[[], Message]


class Sender:
    """The thread and what it has to send; a breaker keeps it from trying a dead layer all the time."""

    def __init__(self, layer: Any = None, breaker: Breaker | None = None, clock: Callable[[], float] = time.monotonic):
        self.layer = layer
        self.breaker = breaker or Breaker(clock)
        self.clock = clock
        self.outbox: Outbox[Post] = Outbox(PAUSE_SECONDS)
        self.changed = threading.Condition()
        self.thread: threading.Thread | None = None
        self.is_ending = False

    def post(self, run: tuple[str, int], kind: str, make: Callable[[], Message]) -> None:
        with self.changed:
            if self.is_ending:
                return
            self.outbox.put(run, kind, Post(run, kind, make))
            if self.thread is None:
                self.thread = threading.Thread(target=self._work, daemon=True, name="broadcast of runs")
                self.thread.start()
                atexit.register(self.end)
            self.changed.notify_all()

    def end(self) -> None:
        """Let the last messages out, for ``FAREWELL_SECONDS`` at most, and end the thread."""
        with self.changed:
            self.is_ending = True
            self.outbox.pause_seconds, self.outbox.not_before = 0.0, {}
            self.changed.notify_all()
            thread = self.thread
        if thread is not None and not self.breaker.is_open:
            thread.join(FAREWELL_SECONDS)

    def _work(self) -> None:
        try:
            with asyncio.Runner() as runner:
                while (found := self._next()) is not None:
                    runner.run(self._send(found))
        except Exception as error:
            logger.warning("Runs are not broadcast any more: %s. The runs go on.", type(error).__name__)

    def _next(self) -> Post | None:
        """Wait for the next message that is due and may be sent; return None at the end."""
        with self.changed:
            while True:
                pause = self.breaker.seconds_left
                if self.is_ending and (pause or not len(self.outbox)):
                    return None
                if not pause and (found := self.outbox.take(self.clock())) is not None:
                    return found
                self.changed.wait(pause or self.outbox.seconds_to_wait(self.clock()))

    async def _send(self, post: Post) -> None:
        event = {"type": EVENT, "text": json.dumps(post.make())}
        try:
            await asyncio.wait_for(self._layer().group_send(GROUPS[post.kind], event), SEND_SECONDS)
        except Exception as error:
            with self.changed:
                self.outbox.put_back(post.run, post.kind, post)
            if self.breaker.failed():
                logger.warning(
                    "The channel layer %r does not take messages (%s). Runs go on, and the page reads the ledger.",
                    layer_name(),
                    reason(error),
                )
        else:
            if self.breaker.worked():
                logger.warning("The channel layer %r takes messages again.", layer_name())

    def _layer(self) -> Any:
        if self.layer is None:
            from channels.layers import channel_layers

            self.layer = channel_layers[layer_name()]
        return self.layer
