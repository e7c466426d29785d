"""Large deletions: one with two levels of cascades and a SET NULL, one with cascades alone."""

from tests.crash import migrations

__path__ = [*__path__, *migrations.__path__]
