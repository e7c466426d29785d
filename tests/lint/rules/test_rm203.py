"""A new column whose default differs from row to row."""

import pytest

from tests.lint.reading import flagged, quiet_places, silent

OPERATION = 'migrations.AddField("Product", "draw", models.FloatField(db_default=models.functions.Random()))'


def add(default):
    return f'migrations.AddField("Product", "mark", models.UUIDField(db_default={default}))'


def test_the_table_is_written_anew():
    finding = flagged("RM203", OPERATION)

    assert finding.message == (
        "random gives each row of shop_product a draw of its own: the table is written anew, and nobody can read or "
        "write it until then."
    )
    assert finding.hint.startswith(
        'AddField("product", "draw", ...(null=True)), then AlterField("product", "draw", ...)'
    )
    assert 'ops.TransformRows("shop.product", ...)' in finding.hint


@pytest.mark.parametrize(
    "default",
    [
        'models.Func(function="gen_random_uuid")',
        'models.expressions.RawSQL("gen_random_uuid()", [])',
        'models.functions.Concat(models.Value("a"), models.Func(function="clock_timestamp"))',
    ],
)
def test_functions_of_the_database(default):
    flagged("RM203", add(default))


@pytest.mark.parametrize("default", ["models.functions.Now()", "3", '"random"', "shop.defaults.NEXT"])
def test_a_value_that_is_the_same_for_all_rows(default):
    silent("RM203", add(default))


def test_a_default_that_comes_later_is_for_new_rows_only():
    silent("RM203", OPERATION.replace("AddField", "AlterField").replace('"draw"', '"price"'))


@pytest.mark.parametrize("texts", quiet_places(OPERATION), ids=["state", "online", "new table", "unmanaged"])
def test_nobody_waits(texts):
    silent("RM203", *texts)
