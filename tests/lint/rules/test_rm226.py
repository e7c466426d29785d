"""A new generated column that is stored."""

import pytest

from tests.lint.reading import flagged, quiet_places, silent

GENERATED = 'models.GeneratedField(expression=models.F("price"), output_field=models.FloatField(), db_persist=True)'
OPERATION = f'migrations.AddField("Product", "double", {GENERATED})'


def test_the_table_is_written_anew():
    finding = flagged("RM226", OPERATION)

    assert finding.message == (
        "shop_product is written anew to compute double: nobody can read or write it until then."
    )
    assert finding.hint.startswith("A plain column double(null=True)")


def test_one_that_is_computed_when_it_is_read():
    silent("RM226", OPERATION.replace("db_persist=True", "db_persist=False"))


def test_a_plain_column():
    silent("RM226", 'migrations.AddField("Product", "double", models.FloatField(null=True))')


@pytest.mark.parametrize("texts", quiet_places(OPERATION), ids=["state", "online", "new table", "unmanaged"])
def test_nobody_waits(texts):
    silent("RM226", *texts)
