"""What all outlets have in common: a name, the least urgent alert they take, and a way to send one."""

from ...states import AlertLevel
from ..messages import Message


class NotSent(Exception):
    """
    Why an outlet could not send. Its words are logged, so they hold no addresses with secrets and no row values.

    ``is_passing``: the same may work a moment later.
    """

    def __init__(self, reason: str, is_passing: bool = False):
        super().__init__(reason)
        self.is_passing = is_passing


class Outlet:
    """
    A way by which alerts reach people.

    ``send`` returns when the message is taken and raises otherwise: a ``NotSent`` with its words, or anything, of
    which the type is told. It is called in a thread of its own and may be called again with the same ``message.id``.
    ``level``: the least urgent alert that it takes; None switches it off.
    """

    name: str = ""
    level: AlertLevel | None = AlertLevel.WARNING

    def send(self, message: Message) -> None:
        raise NotImplementedError

    def takes(self, level: AlertLevel) -> bool:
        return self.level is not None and level.is_at_least(self.level)
