"""Channels: the group ``migration_status`` of a channel layer, where the page listens."""

import asyncio
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings

from ...states import AlertLevel
from ..messages import Message
from .base import NotSent, Outlet

GROUP = "migration_status"
SECONDS = 5.0


class Channels(Outlet):
    """Every alert, to the channel layer ``layer`` of the project; nothing where no layer is configured."""

    name, level = "channels", AlertLevel.INFO

    def __init__(self, layer: str = "default", group: str = GROUP):
        self.layer, self.group = layer, group

    def takes(self, level: AlertLevel) -> bool:
        return super().takes(level) and self.layer in getattr(settings, "CHANNEL_LAYERS", {})

    def send(self, message: Message) -> None:
        if find_spec("channels") is None:
            raise NotSent("channels is not installed: pip install reversible-migrations[channels]")
        try:
            asyncio.run(self._send(message.as_json()))
        except NotSent:
            raise
        except Exception as error:  # each layer has errors of its own kind; most are of a connection
            raise NotSent(type(error).__name__, is_passing=True) from None

    async def _send(self, facts: dict[str, Any]) -> None:
        layer = import_module("channels.layers").get_channel_layer(self.layer)
        if layer is None:
            raise NotSent(f"there is no channel layer {self.layer!r}")
        async with asyncio.timeout(SECONDS):
            await layer.group_send(self.group, facts)
