"""
What all watchers of one server process are sent: read once, made into text once, handed to each.

A ``Feed`` works while somebody watches. It reads the ledger of each watched database, and where there is a channel
layer it listens to that too, by one channel for all. The layer is quicker. Without one the ledger is asked four times a
second, and so it is as soon as it has something that the layer did not bring.
"""

import asyncio
import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from django.db import connections

from ..databases import watched_databases
from .breaker import Breaker
from .messages import Message, snapshot
from .outbox import Outbox
from .sender import GROUPS, layer_name, reason
from .tailer import Tailer

QUICK_SECONDS = 0.25  # between two looks at the ledger
SLOW_SECONDS = 2.0  # the same, where the layer brings everything
SNAPSHOT_SECONDS = 1.0  # for which one snapshot serves all who come
LISTEN_SECONDS = 30.0  # without a message, until the groups are joined anew: Redis may have been emptied
JOIN_SECONDS = 5.0

logger = logging.getLogger("reversible_migrations")

Key = tuple[str, int]
Look = asyncio.Future[list[Message]]


class Told(NamedTuple):
    """A message as text, with what is looked at when it is handed out; ``state`` is the status and the wait."""

    run: Key
    kind: str
    number: int | None
    state: tuple[str, str]
    text: str


def told(message: Message, text: str | None = None) -> Told:
    run, state = (message["database"], message["run"]), (message["status"], message["waiting"])
    return Told(run, message["type"], message["number"], state, text or json.dumps(message))


class Subscription:
    """What one watcher has not been sent yet; a slow one gets the newest progress only."""

    def __init__(self) -> None:
        self.outbox: Outbox[str] = Outbox()
        self.numbers: dict[Key, int] = {}  # of the runs in its snapshot: their newest event
        self.filled = asyncio.Event()

    def put(self, said: Told) -> None:
        if said.number is None or said.number >= self.numbers.get(said.run, 0):
            self.outbox.put(said.run, said.kind, said.text)
            self.filled.set()

    async def next(self) -> str:
        """Wait for the next message and return it."""
        while (text := self.outbox.take()) is None:
            self.filled.clear()
            await self.filled.wait()
        return text


class Feed:
    """The messages of this process, for everybody who watches here."""

    def __init__(self) -> None:
        self.subscriptions: set[Subscription] = set()
        self.tasks: list[asyncio.Task[None]] = []
        self.pool: ThreadPoolExecutor | None = None
        self.known: dict[Key, tuple[int, tuple[str, str]]] = {}  # of runs: number and state of the last message
        self.layer_is_heard = False  # whether the layer has brought all that the ledger has
        self.turn = asyncio.Lock()
        self.first: Message = {}
        self.first_text, self.read_at = "", float("-inf")
        self.since: dict[Key, Told] = {}  # newest message of each run since that snapshot

    async def join(self) -> tuple[Subscription, str]:
        """Return a new subscription, and the snapshot that goes before all of it."""
        subscription = Subscription()
        self.subscriptions.add(subscription)
        try:
            self._start()
            await self._read_snapshot()
        except BaseException:
            self.leave(subscription)
            raise
        subscription.numbers = {(run["database"], run["run"]): run["number"] for run in self.first["runs"]}
        subscription.outbox = Outbox()
        for said in self.since.values():
            subscription.put(said)
        return subscription, self.first_text

    def leave(self, subscription: Subscription) -> None:
        self.subscriptions.discard(subscription)
        if not self.subscriptions:
            self._stop()

    def hand_out(self, said: Told, from_ledger: bool) -> None:
        """Hand a message to everybody, unless they have it already or have a newer one."""
        number, state = self.known.get(said.run, (0, ("", "")))
        if said.number is not None:
            is_news = said.number > number or (said.number == number and said.state != state)
            if said.number < number or (from_ledger and not is_news):
                return
            self.known[said.run] = said.number, said.state
        self.layer_is_heard = not from_ledger
        self.since[said.run] = said
        for subscription in self.subscriptions:
            subscription.put(said)

    def _start(self) -> None:
        if not self.tasks:
            self.pool = ThreadPoolExecutor(1, "ledger of runs")
            tailers = [Tailer(alias) for alias in watched_databases()]
            # They begin before the snapshot is read, by the same thread: nothing comes in between.
            begun = [asyncio.get_running_loop().run_in_executor(self.pool, tailer.look) for tailer in tailers]
            self.tasks = [asyncio.create_task(self._tail(self.pool, tailers, begun))]
            if layer_name() is not None:
                self.tasks.append(asyncio.create_task(self._listen()))

    def _stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        if self.pool is not None:
            self.pool.submit(connections.close_all)
            self.pool.shutdown(wait=False)
        self.tasks, self.pool, self.layer_is_heard, self.read_at = [], None, False, float("-inf")

    async def _read_snapshot(self) -> None:
        async with self.turn:
            if time.monotonic() - self.read_at < SNAPSHOT_SECONDS:
                return
            self.since = {}
            loop = asyncio.get_running_loop()
            self.first = await loop.run_in_executor(self.pool, snapshot, watched_databases())
            self.first_text, self.read_at = json.dumps(self.first), time.monotonic()

    async def _tail(self, pool: ThreadPoolExecutor, tailers: list[Tailer], looks: list[Look]) -> None:
        while True:
            for look in looks:
                for message in await look:
                    self.hand_out(told(message), from_ledger=True)
            looked_at = time.monotonic()
            await asyncio.sleep(QUICK_SECONDS)
            while self.layer_is_heard and time.monotonic() - looked_at < SLOW_SECONDS:
                await asyncio.sleep(QUICK_SECONDS)
            looks = [asyncio.get_running_loop().run_in_executor(pool, tailer.look) for tailer in tailers]

    async def _listen(self) -> None:
        breaker = Breaker()
        while True:
            try:
                await self._hear(breaker)
            except Exception as error:
                self.layer_is_heard = False
                if breaker.failed():
                    logger.warning(
                        "The channel layer %r brings no messages (%s); the ledger is read instead.",
                        layer_name(),
                        reason(error),
                    )
                await asyncio.sleep(breaker.seconds_left or 1.0)

    async def _hear(self, breaker: Breaker) -> None:
        """Hand out what the channel layer brings, until it fails."""
        from channels.layers import channel_layers

        layer = channel_layers[layer_name()]
        channel = await layer.new_channel()
        try:
            while True:
                for group in GROUPS.values():
                    await asyncio.wait_for(layer.group_add(group, channel), JOIN_SECONDS)
                if breaker.worked():
                    logger.warning("The channel layer %r brings messages again.", layer_name())
                with suppress(TimeoutError):
                    while True:
                        self._take(await asyncio.wait_for(layer.receive(channel), LISTEN_SECONDS))
        finally:
            with suppress(Exception):
                for group in GROUPS.values():
                    await asyncio.wait_for(layer.group_discard(group, channel), JOIN_SECONDS / 5)

    def _take(self, event: dict[str, Any]) -> None:
        text = event["text"]
        message = json.loads(text)
        if message["database"] in watched_databases():
            self.hand_out(told(message, text), from_ledger=False)


FEEDS: WeakKeyDictionary[asyncio.AbstractEventLoop, Feed] = WeakKeyDictionary()


def feed() -> Feed:
    """Return the feed of this process: of its event loop, to be exact."""
    loop = asyncio.get_running_loop()
    if loop not in FEEDS:
        FEEDS[loop] = Feed()
    return FEEDS[loop]
