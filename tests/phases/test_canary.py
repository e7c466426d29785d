"""A database is watched by its gauges before the next one is touched."""

import time

import pytest

from reversible_migrations.databases import database
from reversible_migrations.exceptions import CanaryFailed
from reversible_migrations.load.gauges import Gauge, build_gauges
from reversible_migrations.phases.canary import watch
from tests.situations.fixtures import shop, transactional_db

__all__ = ["shop", "transactional_db"]


class Steady(Gauge):
    """A gauge of the project that always says the same."""

    name, unit, limit = "p95", "ms", 200.0
    says = 100.0

    def read(self, look):
        return self.says


class Slow(Steady):
    says = 900.0


class Unreadable(Steady):
    def read(self, look):
        raise RuntimeError("no answer")


def ten_times_as_fast():
    return time.monotonic() * 10


@pytest.fixture
def watching(shop, settings):
    """A function that watches with one gauge of the project only; it returns what was told."""
    others = [gauge.name for gauge in build_gauges(database("default"), {}, [])]

    def for_seconds(seconds, gauge):
        settings.REVERSIBLE_MIGRATIONS = {
            "GAUGES": [f"{__name__}.{gauge.__name__}"],
            "LIMITS": dict.fromkeys(others),
        }
        told = []
        watch("default", seconds, told.append, ten_times_as_fast, lambda seconds: time.sleep(seconds / 10))
        return told

    return for_seconds


def test_where_nothing_is_wrong_the_time_passes(watching):
    began = ten_times_as_fast()

    told = watching(40, Steady)

    assert told == []
    assert ten_times_as_fast() - began >= 40


def test_a_gauge_at_its_limit_for_long_stops_the_deploy(watching):
    with pytest.raises(CanaryFailed, match=r"p95 is at 900\.0 ms, limit 200\.0 ms, for 15 s"):
        watching(60, Slow)


def test_a_gauge_that_cannot_be_read_stops_it_too(watching):
    with pytest.raises(CanaryFailed, match="p95 could not be read"):
        watching(60, Unreadable)


def test_shorter_than_patience_nothing_is_stopped(watching):
    assert watching(5, Slow) == ["p95 is at 900.0 ms, limit 200.0 ms."]
