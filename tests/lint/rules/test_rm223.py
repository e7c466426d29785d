"""Another primary key."""

import pytest

from tests.lint.reading import flagged, quiet_places, silent

NUMBER = 'migrations.AddField("Product", "number", models.IntegerField(null=True))'
OPERATION = 'migrations.RemoveField("Product", "id")'


def test_the_key_goes():
    finding = flagged("RM223", OPERATION)

    assert finding.message.startswith("id is the primary key of shop_product, and goes: rows are read or written anew")
    assert finding.hint.startswith("Make a new model with id as it is to be")


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (
            'migrations.AddField("Product", "key", models.UUIDField(primary_key=True))',
            "key becomes the primary key of shop_product:",
        ),
        (
            'migrations.AlterField("Product", "number", models.IntegerField(primary_key=True))',
            "number becomes the primary key of shop_product:",
        ),
        (
            'migrations.AlterField("Product", "id", models.UUIDField(primary_key=True))',
            "id of shop_product changes from bigint to uuid:",
        ),
    ],
)
def test_another_key(operation, message):
    assert flagged("RM223", NUMBER, operation).message.startswith(message)


@pytest.mark.parametrize(
    "operation",
    [
        'migrations.AlterField("Product", "id", models.BigAutoField(primary_key=True, verbose_name="no"))',
        'migrations.AlterField("Product", "id", models.BigIntegerField(primary_key=True))',
        'migrations.RemoveField("Product", "name")',
        NUMBER.replace("number", "count"),
    ],
)
def test_the_same_key(operation):
    silent("RM223", NUMBER, operation)


def test_an_integer_that_becomes_bigint_is_told_by_another_rule():
    shelf = 'migrations.CreateModel("Shelf", [("id", models.AutoField(primary_key=True))])'

    silent("RM223", shelf, 'migrations.AlterField("Shelf", "id", models.BigAutoField(primary_key=True))')


@pytest.mark.parametrize("texts", quiet_places(OPERATION), ids=["state", "online", "new table", "unmanaged"])
def test_nobody_waits(texts):
    silent("RM223", *texts)
