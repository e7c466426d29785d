"""Batches that stay open for a second, so that a process can be stopped in one."""

from tests.crash import migrations

__path__ = [*__path__, *migrations.__path__]
