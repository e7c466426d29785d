"""Rows changed by expressions, without being loaded."""

from tests.crash import migrations

__path__ = [*__path__, *migrations.__path__]
