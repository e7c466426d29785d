"""Rows changed by a Python function."""

from tests.crash import migrations

__path__ = [*__path__, *migrations.__path__]
