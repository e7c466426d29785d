"""
The settings of the processes that the tests start and kill.

SQLITE_URL or POSTGRESQL_URL names the database, CRASH_SCENARIO the folder in `scenarios` that the app's
migrations are taken from, CRASH_OPTIONS the REVERSIBLE_MIGRATIONS settings as JSON.
"""

# ruff: noqa: F403, F405 - settings build on each other by star import

import json
import os

if "SQLITE_URL" in os.environ:
    from tests.settings.sqlite import *
else:
    from tests.settings.postgresql import *

    DATABASES["default"]["OPTIONS"] = {}  # what is committed has to outlive the server

MIGRATION_MODULES = {"crash": f"tests.crash.scenarios.{os.environ.get('CRASH_SCENARIO', 'updating')}"}
REVERSIBLE_MIGRATIONS = json.loads(os.environ.get("CRASH_OPTIONS", "{}"))
# How busy the machine of the tests is, is not to decide how long they take.
OF_THE_HOST = {"cpu": None, "memory": None, "disk": None}
REVERSIBLE_MIGRATIONS["LIMITS"] = {**OF_THE_HOST, **REVERSIBLE_MIGRATIONS.get("LIMITS", {})}
# As SQLite's documentation advises where several processes write: wait for the lock at BEGIN, and longer.
if "SQLITE_URL" in os.environ and "CRASH_PATIENT" in os.environ:
    DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 60}
