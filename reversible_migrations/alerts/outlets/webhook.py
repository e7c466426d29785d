"""
Any receiver of one's own, by a signed webhook.

Headers and signature are those of https://www.standardwebhooks.com, so its libraries verify them.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable

from ...states import AlertLevel
from ..messages import Message
from .base import Outlet
from .post import post, refuse_address

PREFIX = "whsec_"  # of a secret that is written as base64


class Webhook(Outlet):
    """
    The message as JSON, signed with ``secret`` (HMAC-SHA256 of id, time and body).

    A try is repeated with the same ``webhook-id``; the time is that of the try.
    """

    name, level = "webhook", AlertLevel.WARNING

    def __init__(self, url: str, secret: str, clock: Callable[[], float] = time.time):
        refuse_address(url)
        self.url, self.key, self.clock = url, key_of(secret), clock

    def send(self, message: Message) -> None:
        body = json.dumps(message.as_json()).encode()
        at = str(int(self.clock()))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": at,
            "webhook-signature": signature(self.key, message.id, at, body),
        }
        post(self.url, body, headers)


def signature(key: bytes, id: str, at: str, body: bytes) -> str:
    digest = hmac.new(key, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def key_of(secret: object) -> bytes:
    """Return the bytes of a secret; raise ``ValueError`` for one that is none or too short to be one."""
    if not isinstance(secret, str):
        raise ValueError("secret must be a text")
    try:
        text = secret.removeprefix(PREFIX)
        key = base64.b64decode(text, validate=True) if secret.startswith(PREFIX) else text.encode()
    except binascii.Error:
        raise ValueError(f"secret begins with {PREFIX} and is no base64") from None
    if len(key) < 16:
        raise ValueError("secret must have 16 bytes or more")
    return key
