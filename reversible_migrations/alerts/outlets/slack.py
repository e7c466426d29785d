"""Slack, by an incoming webhook: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks."""

import json

from ...states import AlertLevel
from ..messages import Message
from .base import Outlet
from .post import post, refuse_address


class Slack(Outlet):
    """A message in the channel that the webhook is of. Its address is a secret: who has it can post."""

    name, level = "slack", AlertLevel.CRITICAL

    def __init__(self, url: str):
        refuse_address(url)
        self.url = url

    def send(self, message: Message) -> None:
        text = f"*{escaped(message.subject)}*\n{escaped(message.body)}"
        post(self.url, json.dumps({"text": text}).encode(), {"Content-Type": "application/json"})


def escaped(text: str) -> str:
    """Return ``text`` with the three characters escaped by which Slack begins links and mentions."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
