"""
One module per database: `tests.settings.sqlite` and `tests.settings.postgresql`.

A process that a test starts uses the same module, and is told the test's database by the variable
`SQLITE_URL` or `POSTGRESQL_URL`.
"""

# Apps that only the tests need.
TEST_APPS: list[str] = [
    "tests.phases.depot",
    "tests.situations.shop",
    "tests.situations.kiosk",
    "tests.crash",
    "tests.properties",
    "tests.management.library",
]

# Those of them that need PostgreSQL.
POSTGRESQL_APPS: list[str] = ["django.contrib.postgres", "tests.situations.elephants"]
