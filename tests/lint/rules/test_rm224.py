"""An index of a field, built under a lock."""

import pytest

from tests.lint.reading import flagged, quiet_places, silent

OPERATION = 'migrations.AlterField("Product", "name", models.CharField(max_length=100, db_index=True))'


def test_it_blocks_writes():
    finding = flagged("RM224", OPERATION)

    assert finding.message == "Building the index of name blocks writes to shop_product."
    assert finding.hint.startswith(
        'AlterField("product", "name", ...(db_index=False)), and AddIndexConcurrently("product", '
        "models.Index(fields=['name'], name='shop_product_name')) in a migration with atomic = False"
    )


@pytest.mark.parametrize(
    "field",
    [
        "models.IntegerField(null=True, db_index=True)",
        "models.SlugField(null=True)",
        "models.ForeignKey('shop.Product', models.CASCADE, null=True, db_constraint=False)",
    ],
)
def test_a_new_field(field):
    flagged("RM224", f'migrations.AddField("Product", "mark", {field})')


@pytest.mark.parametrize(
    "operation",
    [
        'migrations.AddField("Product", "mark", models.IntegerField(null=True))',
        'migrations.AddField("Product", "mark", models.IntegerField(null=True, unique=True, db_index=True))',
        'migrations.AddField("Product", "others", models.ManyToManyField("shop.Product"))',
        'migrations.AlterField("Product", "name", models.CharField(max_length=200))',
    ],
)
def test_no_index_of_its_own(operation):
    silent("RM224", operation)


def test_an_index_that_is_there():
    silent("RM224", f"migrations.SeparateDatabaseAndState([], [{OPERATION}])", OPERATION.replace("100", "200"))


def test_an_index_in_place_of_that_of_a_unique_constraint():
    unique = OPERATION.replace("db_index", "unique")

    flagged("RM224", f"migrations.SeparateDatabaseAndState([], [{unique}])", OPERATION)


def test_that_of_a_foreign_key_is_told_with_it():
    field = "models.ForeignKey('shop.Product', models.CASCADE, null=True)"

    silent("RM224", f'migrations.AddField("Product", "base", {field})')


@pytest.mark.parametrize("texts", quiet_places(OPERATION), ids=["state", "online", "new table", "unmanaged"])
def test_nobody_waits(texts):
    silent("RM224", *texts)
