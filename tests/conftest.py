"""What every test of the suite shares."""

from hypothesis import settings

# No deadline: how long an example takes is the database's affair, and tests assert no times.
# The blob lets anyone repeat a failure seen in CI with @reproduce_failure.
settings.register_profile("tests", deadline=None, print_blob=True)
settings.load_profile("tests")
