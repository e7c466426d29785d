"""The tests on PostgreSQL: the server that POSTGRESQL_URL names, or the one at 127.0.0.1:5432."""

from project.settings.base import *
from project.settings.base import INSTALLED_APPS, env
from tests.settings import POSTGRESQL_APPS, TEST_APPS

INSTALLED_APPS = [*INSTALLED_APPS, *TEST_APPS, *POSTGRESQL_APPS]

DATABASES = {
    "default": {
        **env.db_url("POSTGRESQL_URL", default="postgres://postgres@127.0.0.1:5432/postgres"),
        # No test in this process stops the server, so none has to wait for its disk. Those that do so in tests/crash
        # start processes with settings of their own.
        "OPTIONS": {"options": "-c synchronous_commit=off"},
    },
}
