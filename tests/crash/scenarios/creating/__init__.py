"""Rows created, with keys of their own and with keys of the database."""

from tests.crash import migrations

__path__ = [*__path__, *migrations.__path__]
