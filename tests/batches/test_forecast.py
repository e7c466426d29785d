"""What a step will take is said before it begins, from what the database already knows."""

from unittest.mock import ANY

import pytest
from django.db import connection

from reversible_migrations.batches.forecast import Forecast
from reversible_migrations.models import Event, JournalTable
from tests.situations.running import forwards, patch_of, runs

pytestmark = pytest.mark.usefixtures("shop")
ROWS = 120_000


def fill(count):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO shop_product (id, name, number) WITH RECURSIVE counted(n) AS"
            " (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < %s) SELECT n, 'name', n FROM counted",
            [count],
        )
    analyze()


def analyze():
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def forecasts():
    return [event.facts for event in Event.objects.filter(kind="forecast")]


def zero(apps, patch):
    Model = apps.get_model("shop", "Product")
    patch.update(Model.objects.filter(number__lte=ROWS // 4), number=0)


def test_rows_and_the_place_of_the_rollback_data_are_near_the_truth():
    fill(ROWS)

    forwards(patch_of(zero))

    (facts,) = forecasts()
    kept = JournalTable.objects.get()
    assert facts == {"rows": ANY, "changes": ANY, "seconds": None, "journal_bytes": ANY, "free_bytes": ANY}
    assert facts["rows"] == pytest.approx(ROWS, rel=0.1)
    if facts["changes"] is not None:
        assert facts["changes"] == pytest.approx(ROWS // 4, rel=0.2)
        assert facts["journal_bytes"] == pytest.approx(kept.bytes, rel=0.5)
    assert facts["free_bytes"] is None or facts["free_bytes"] > 1_000_000


def test_of_a_small_table_nothing_is_said():
    fill(500)

    forwards(patch_of(zero))

    assert (forecasts(), len(runs())) == ([], 1)


def test_the_pace_is_that_of_the_last_such_step():
    fill(ROWS)
    forwards(patch_of(zero))
    analyze()

    forwards(patch_of(zero, name="0101_again"))

    low, high = forecasts()[-1]["seconds"]
    assert 0 < low < high


@pytest.mark.parametrize(
    ("forecast", "text"),
    [
        (Forecast(120_000, None, None, None, None), "About 120,000 rows to look at."),
        (
            Forecast(120_000, 30_000, (20.0, 45.0), 1_200_000, None),
            "About 120,000 rows to look at, about 30,000 to change; 20-45 s at the pace of the last such step."
            " The rollback data takes about 1.2 MB.",
        ),
        (
            Forecast(120_000, None, None, 3_000_000, 2_000_000),
            "About 120,000 rows to look at. The rollback data takes up to 3.0 MB of 2.0 MB free: too much, and the run"
            " will wait when the disk is at its limit.",
        ),
    ],
)
def test_it_reads_as_a_sentence(forecast, text):
    assert forecast.text == text
