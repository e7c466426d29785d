"""SQL of maintenance that locks whole tables."""

import pytest

from tests.lint.reading import flagged, silent


def sql(*texts):
    return ", ".join(f'migrations.RunSQL("{text}")' for text in texts)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("VACUUM FULL shop_product", "VACUUM FULL shop_product writes the table anew: nobody can read or write it"),
        ("VACUUM (FULL, ANALYZE) shop_product", "VACUUM ( FULL , writes the table anew"),
        ("CLUSTER shop_product USING a", "CLUSTER shop_product USING a writes the table anew"),
        ("REINDEX TABLE shop_product", "REINDEX TABLE shop_product blocks writes to the table"),
        ("LOCK TABLE shop_product", "LOCK TABLE shop_product makes everybody wait"),
        ("LOCK shop_product IN SHARE ROW EXCLUSIVE MODE", "LOCK shop_product IN SHARE makes everybody wait"),
    ],
)
def test_everybody_waits(statement, message):
    assert flagged("RM225", sql(statement)).message.startswith(message)


@pytest.mark.parametrize(
    "statement",
    [
        "VACUUM ANALYZE shop_product",
        "REINDEX TABLE CONCURRENTLY shop_product",
        "LOCK TABLE shop_product IN ROW EXCLUSIVE MODE",
        "LOCK TABLE shop_product IN SHARE UPDATE EXCLUSIVE MODE",
        "ANALYZE shop_product",
    ],
)
def test_what_others_do_not_notice(statement):
    silent("RM225", sql(statement))


def test_a_table_of_the_same_migration():
    silent("RM225", sql("CREATE TABLE extra (a int)", "CLUSTER extra USING a"))
