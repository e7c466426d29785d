"""Schema operations of Django between reversible ones."""

from tests.crash import migrations

__path__ = [*__path__, *migrations.__path__]
