"""A migration in four phases: columns come, are filled, tightened, and others go."""

from tests.crash import migrations

__path__ = [*__path__, *migrations.__path__]
