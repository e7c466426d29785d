"""Runs that did not come to their end."""

import pytest

from reversible_migrations.models import Run
from reversible_migrations.verification import Level
from tests.management.test_safe_rollback import interrupted_patch, living_process, migrate
from tests.situations.running import ended_process
from tests.verification.faults import found, result_of

pytestmark = pytest.mark.usefixtures("library")


def test_an_interrupted_run_is_an_error_with_the_way_on():
    interrupted_patch()

    (finding,) = result_of("runs").findings

    assert (finding.level, finding.facts["status"]) == (Level.ERROR, "interrupted")
    assert "migrate library 0002_prices" in finding.hint


def test_a_run_whose_process_is_gone_is_an_error():
    interrupted_patch()
    Run.objects.update(status="running", owner=ended_process())

    assert "was not finished: interrupted" in found("runs", level=Level.ERROR)[0]


def test_a_run_of_a_living_process_is_no_fault():
    interrupted_patch()
    with living_process() as owner:
        Run.objects.update(status="running", owner=owner)

        (finding,) = result_of("runs").findings

    assert (finding.level, finding.message) == (Level.INFO, "is running now.")


@pytest.mark.parametrize(
    ("status", "level"), [("failed", Level.ERROR), ("paused", Level.WARNING), ("cancelled", Level.WARNING)]
)
def test_how_bad_it_is_depends_on_who_stopped_it(status, level):
    interrupted_patch()
    Run.objects.update(status=status, owner={})

    assert [finding.level for finding in result_of("runs").findings] == [level]


def test_rows_that_were_set_aside_are_a_warning():
    migrate("0002")

    assert found("runs", level=Level.WARNING) == [
        f"run {Run.objects.get().pk} of library.0002_prices forwards: set 1 row aside, not changed."
    ]


def test_runs_of_other_apps_are_left_out():
    interrupted_patch()

    assert found("runs", apps=["auth"]) == []
    assert found("runs", migrations=[("library", "0003_recorded")]) == []
