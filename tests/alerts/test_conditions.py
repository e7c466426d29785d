"""When people are told: each condition on both sides of its limit, by a clock that is given."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reversible_migrations.alerts.conditions import CONDITIONS, Facts, Limits, signs
from reversible_migrations.overview import JournalOverview, RunOverview, StepOverview
from reversible_migrations.states import AlertLevel

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HALF_AN_HOUR, AN_HOUR = 1800, 3600

STEP = StepOverview(
    number=1, kind="update", model="shop.Product", status="running", rows=10, seen=10, total=100,
    total_is_estimate=False, percent=10, skipped=0, failed=0, conflicting=0, seconds=10.0, rows_per_second=1.0,
    eta=None, batch_size=None, workers=None, gauge="",
)  # fmt: skip
RUN = RunOverview(
    id=7, app="shop", name="0007_tidy", phase="", direction="forwards", status="running", waiting="", undoes=None,
    owner="process 12 on db1", started_by="anna", started_at=NOW - timedelta(days=1), finished_at=None,
    heartbeat_seconds=1.0, rows=10, error="", steps=(STEP,), journals=(), rollback="possible", rollback_fault="",
    next="",
)  # fmt: skip
CALM = Facts(RUN, percent=10, worked_seconds=60)


def told(facts, **limits):
    return set(signs(facts, Limits(**limits), NOW))


def of_run(**changes):
    return replace(CALM, run=replace(RUN, **changes))


def of_step(**changes):
    run = changes.pop("run", {})
    return of_run(steps=(replace(STEP, **changes),), **run)


def test_nothing_is_told_of_a_run_that_does_well():
    assert told(CALM) == set()


@pytest.mark.parametrize(
    ("worked", "percent", "expected"),
    [
        (HALF_AN_HOUR - 1, 0, set()),
        (HALF_AN_HOUR, 49, {"slow"}),
        (HALF_AN_HOUR, 50, set()),
        (AN_HOUR - 1, 49, {"slow"}),
        (AN_HOUR, 49, {"slow", "very_slow"}),
        (AN_HOUR, 50, {"very_slow"}),
        (AN_HOUR, 79, {"very_slow"}),
        (AN_HOUR, 80, set()),
        (HALF_AN_HOUR, None, {"slow"}),
        (10 * AN_HOUR, None, {"slow"}),
    ],
)
def test_a_run_that_is_behind_is_slow_and_then_very_slow(worked, percent, expected):
    assert told(replace(CALM, worked_seconds=worked, percent=percent)) == expected


@pytest.mark.parametrize(("worked", "expected"), [(9, set()), (10, {"slow"}), (20, {"slow", "very_slow"})])
def test_a_migration_may_have_its_own_time(worked, expected):
    assert told(replace(CALM, worked_seconds=worked, alert_after_seconds=10)) == expected


def test_the_percentages_are_limits():
    facts = replace(CALM, worked_seconds=AN_HOUR, percent=30)

    assert told(facts, slow_percent=30, very_slow_percent=31) == {"very_slow"}


@pytest.mark.parametrize("status", ["failed", "interrupted", "cancelled", "done", "undoing", "undone"])
def test_what_no_process_has_in_hand_is_not_slow(status):
    facts = replace(of_run(status=status), worked_seconds=AN_HOUR)

    assert not told(facts) & {"slow", "very_slow"}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("running", set()),
        ("paused", set()),
        ("failed", {"failed"}),
        ("interrupted", {"interrupted"}),
        ("cancelled", set()),
        ("done", set()),
        ("undoing", set()),
        ("undone", set()),
    ],
)
def test_a_status_is_told_where_it_is_bad(status, expected):
    assert told(of_run(status=status)) == expected


def test_a_failure_is_told_in_the_words_of_the_ledger():
    found = signs(of_run(status="failed", error="IntegrityError of shop_sku_uniq"), Limits(), NOW)

    assert found["failed"].text == "IntegrityError of shop_sku_uniq"


def test_an_interruption_names_the_process_and_its_last_heartbeat():
    found = signs(of_run(status="interrupted", heartbeat_seconds=95.0), Limits(), NOW)

    assert "process 12 on db1" in found["interrupted"].text
    assert "1:35 min ago" in found["interrupted"].text


@pytest.mark.parametrize(
    ("status", "waiting", "seconds", "expected"),
    [
        ("paused", "paused by anna", AN_HOUR - 1, set()),
        ("paused", "paused by anna", AN_HOUR, {"waiting"}),
        ("running", "cpu at 93 %, limit 90 %", AN_HOUR, {"waiting"}),
        ("paused", "outside its window 01:00-09:00", 20 * AN_HOUR, set()),
        ("failed", "", AN_HOUR, {"failed"}),
    ],
)
def test_a_wait_is_told_once_it_is_long_but_not_one_for_its_window(status, waiting, seconds, expected):
    facts = replace(of_run(status=status, waiting=waiting), waiting_since=NOW - timedelta(seconds=seconds))

    assert told(facts) == expected


@pytest.mark.parametrize(("direction", "rows", "expected"), [
    ("backwards", 0, set()), ("backwards", 3, {"conflicts"}), ("forwards", 3, set()),
])  # fmt: skip
def test_conflicts_are_told_of_an_undo(direction, rows, expected):
    facts = of_step(conflicting=rows, run={"direction": direction, "status": "done", "rollback": ""})

    assert told(facts) == expected


def test_rows_set_aside_are_told_with_their_number():
    found = signs(of_step(failed=12), Limits(), NOW)

    assert found["quarantine"].size == 12
    assert "12 rows" in found["quarantine"].text
    assert told(of_step(failed=12), quarantined_rows=13) == set()
    assert told(of_step(failed=12, run={"status": "undone"})) == set()


@pytest.mark.parametrize(
    ("needed", "free", "percent", "level"),
    [
        (10, 11, 50, None),
        (12, 11, 50, AlertLevel.CRITICAL),
        (None, 11, 89.9, None),
        (None, 11, 90, "own"),
        (12, 11, 95, AlertLevel.CRITICAL),
        (None, None, None, None),
    ],
)
def test_the_disk_is_told_where_it_fills_and_more_urgently_where_the_journal_does_not_fit(needed, free, percent, level):
    facts = replace(CALM, journal_bytes=needed, free_bytes=free, disk_percent=percent)

    sign = signs(facts, Limits(), NOW).get("disk")

    assert (sign.level or "own" if sign else None) == level


def journal(days):
    return JournalOverview("rm_journal_1_1", "shop_product", "update", 10, 100, "kept", NOW + timedelta(days=days))


@pytest.mark.parametrize(
    ("ended", "days", "rollback", "status", "expected"),
    [
        (27, 3.1, "possible", "done", set()),
        (27, 2.9, "possible", "done", {"expiring"}),
        (31, -1, "possible", "done", {"expiring"}),
        (27, 2.9, "impossible", "done", set()),
        (27, 2.9, "undone", "undone", set()),
        (0.9, 1.1, "possible", "done", set()),
        (1.1, 0.9, "possible", "done", {"expiring"}),
    ],
)
def test_rollback_data_that_expires_is_told_while_it_can_still_be_used(ended, days, rollback, status, expected):
    finished_at = NOW - timedelta(days=ended)
    journals = (journal(30), journal(days))
    facts = of_run(status=status, rollback=rollback, journals=journals, finished_at=finished_at)

    assert told(facts) == expected


def test_every_condition_has_words_for_its_end_if_it_lasts():
    assert [name for name, each in CONDITIONS.items() if each.lasts and not each.over] == []
