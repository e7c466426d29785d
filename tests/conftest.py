"""What every test of the suite shares."""

import pytest
from hypothesis import settings

from reversible_migrations.alerts import monitor

# No deadline: how long an example takes is the database's affair, and tests assert no times.
# The blob lets anyone repeat a failure seen in CI with @reproduce_failure.
settings.register_profile("tests", deadline=None, print_blob=True)
settings.load_profile("tests")


@pytest.fixture(scope="session", autouse=True)
def _unwatched():
    """No thread looks at the runs of these tests: their tables come and go. Processes that tests start have one."""
    monitor.MONITOR.is_off = True
