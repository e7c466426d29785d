"""The log: logger ``reversible_migrations.alerts``, one record an alert."""

import logging

from ...states import AlertKind, AlertLevel
from ..messages import Message
from .base import Outlet

logger = logging.getLogger("reversible_migrations.alerts")
# Without a handler of the project's own nothing is printed: whoever runs a command is told by the command.
logger.addHandler(logging.NullHandler())

LEVELS = {AlertLevel.INFO: logging.INFO, AlertLevel.WARNING: logging.WARNING, AlertLevel.CRITICAL: logging.CRITICAL}


class Log(Outlet):
    """Records with the facts as ``record.alert``; a recovery is of level INFO."""

    name, level = "log", AlertLevel.INFO

    def send(self, message: Message) -> None:
        level = LEVELS[message.level] if message.kind == AlertKind.ALERT else logging.INFO
        logger.log(level, "%s: %s", message.subject, message.text, extra={"alert": message.as_json()})
