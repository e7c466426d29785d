"""
The tests on SQLite.

The test database is a file, because the `manage.py` processes that tests start and kill must see it;
it is in a temporary folder of this process, which goes away with it. Options are Django's own, so
that the tests meet what a project meets that has set none.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from project.settings.base import *
from project.settings.base import INSTALLED_APPS, env
from tests.settings import TEST_APPS

INSTALLED_APPS = [*INSTALLED_APPS, *TEST_APPS]

if "SQLITE_URL" in env.ENVIRON:
    DATABASES = {"default": env.db_url("SQLITE_URL")}
else:
    _folder = TemporaryDirectory(prefix="reversible-migrations-tests-", ignore_cleanup_errors=True)
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": Path(_folder.name) / "unused.sqlite3",
            "TEST": {"NAME": str(Path(_folder.name) / "test.sqlite3")},
        }
    }
