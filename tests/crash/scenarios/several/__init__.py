"""Every kind of step in one patch, each using what the ones before it did."""

from tests.crash import migrations

__path__ = [*__path__, *migrations.__path__]
