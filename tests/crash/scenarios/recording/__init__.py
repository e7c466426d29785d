"""Recorded code, with more steps after each body: a finished body has to be passed over."""

from tests.crash import migrations

__path__ = [*__path__, *migrations.__path__]
