"""
The WebSocket by which a browser watches runs; it needs Channels (``pip install reversible-migrations[channels]``).

Every connection gets the snapshot, then what is new. Nothing that a client sends is read.
"""

import asyncio
import logging
from importlib import import_module
from typing import Any

from channels.auth import get_user
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from .feed import Subscription, feed

PERMISSION = "reversible_migrations.view_run"
UNKNOWN, FORBIDDEN = 4401, 4403  # close codes: nobody is logged in; somebody who may not see runs
RECHECK_SECONDS = 30.0

logger = logging.getLogger("reversible_migrations")


def refusal(user: Any) -> int | None:
    """Return the close code for whoever may not see runs: all but active staff with the permission to."""
    if user is None or not user.is_authenticated or not user.is_active:
        return UNKNOWN
    return None if user.is_staff and user.has_perm(PERMISSION) else FORBIDDEN


class RunsConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """One watcher. ``recheck_seconds`` is how often it is asked whether he may still watch."""

    channel_layer_alias = None  # the feed listens for all watchers of this process

    def __init__(self, recheck_seconds: float = RECHECK_SECONDS) -> None:
        super().__init__()
        self.recheck_seconds = recheck_seconds
        self.subscription: Subscription | None = None
        self.tasks: list[asyncio.Task[None]] = []

    async def connect(self) -> None:
        code = await database_sync_to_async(refusal)(self.scope.get("user"))
        if code is not None:
            await self.close(code)
            return
        await self.accept()
        self.tasks = [asyncio.create_task(self._tell()), asyncio.create_task(self._guard())]

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        pass

    async def disconnect(self, code: int) -> None:
        for task in self.tasks:
            task.cancel()
        self._leave()

    async def _tell(self) -> None:
        """Send until the connection is gone."""
        try:
            self.subscription, first = await feed().join()
            await self.send(text_data=first)
            while True:
                await self.send(text_data=await self.subscription.next())
        except Exception as error:  # a connection that is closing, or a database that is gone: the client comes again
            logger.info("A watcher is let go: %s.", type(error).__name__)
            await self._let_go(1011)
        finally:
            self._leave()

    async def _guard(self) -> None:
        """Close the connection once the session is over, or the permission taken away."""
        code = None
        while code is None:
            await asyncio.sleep(self.recheck_seconds)
            try:
                user = await user_now(self.scope)
                code = await database_sync_to_async(refusal)(user)
            except (DatabaseError, InterfaceError):
                continue  # the next look may tell
        await self._let_go(code)

    async def _let_go(self, code: int) -> None:
        try:
            await self.close(code)
        except Exception as error:
            logger.debug("The connection was closed already: %s.", type(error).__name__)

    def _leave(self) -> None:
        if self.subscription is not None:
            feed().leave(self.subscription)
            self.subscription = None


async def user_now(scope: dict[str, Any]) -> Any:
    """Return who is behind the connection by what the database says now; its own session is of when it began."""
    if "session" not in scope:
        known = scope["user"]
        return await type(known)._default_manager.filter(pk=known.pk).afirst()
    sessions = import_module(settings.SESSION_ENGINE)
    return await get_user({"session": sessions.SessionStore(scope["session"].session_key)})
