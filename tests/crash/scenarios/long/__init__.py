"""A long statement in recorded code, so that a signal can come in the middle of one."""

from tests.crash import migrations

__path__ = [*__path__, *migrations.__path__]
