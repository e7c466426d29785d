"""
The settings of `manage.py` processes on the library's patches, in the test's own database.

How busy the machine of the tests is, is not to decide how long they take.
"""

# ruff: noqa: F403 - settings build on each other by star import

import os

if "SQLITE_URL" in os.environ:
    from tests.settings.sqlite import *
else:
    from tests.settings.postgresql import *

MIGRATION_MODULES = {"library": "tests.management.library.patches"}
REVERSIBLE_MIGRATIONS = {"LIMITS": {"cpu": None, "memory": None, "disk": None}}
