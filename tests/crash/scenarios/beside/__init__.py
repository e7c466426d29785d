"""The columns that the application counts in at the same time."""

from tests.crash import migrations

__path__ = [*__path__, *migrations.__path__]
