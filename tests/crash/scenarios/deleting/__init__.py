"""Rows deleted with two levels of cascades and a SET NULL."""

from tests.crash import migrations

__path__ = [*__path__, *migrations.__path__]
