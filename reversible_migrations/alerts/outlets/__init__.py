"""The outlets, one a file. ``BUILT_IN`` has them by name."""

from .base import NotSent, Outlet
from .channels import Channels
from .email import Email
from .log import Log
from .slack import Slack
from .webhook import Webhook

BUILT_IN: dict[str, type[Outlet]] = {kind.name: kind for kind in (Log, Channels, Email, Slack, Webhook)}

__all__ = ["BUILT_IN", "Channels", "Email", "Log", "NotSent", "Outlet", "Slack", "Webhook"]
