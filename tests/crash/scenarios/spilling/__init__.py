"""Every way in which values of rows get into the words of an error; and a step that goes well, to be undone."""

from tests.crash import migrations

__path__ = [*__path__, *migrations.__path__]
