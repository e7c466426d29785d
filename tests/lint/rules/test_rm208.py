"""A renamed table."""

import pytest

from tests.lint.reading import flagged, quiet_places, silent

OPERATION = 'migrations.RenameModel("Product", "Article")'


def test_running_code_asks_for_the_old_name():
    finding = flagged("RM208", OPERATION)

    assert finding.message == (
        "The code that runs now asks for the table shop_product, which is shop_article from here on: it fails until "
        "the deploy is over."
    )
    assert finding.hint.startswith('Keep the table: db_table = "shop_product" in the Meta')


@pytest.mark.parametrize(
    "operation",
    [
        'migrations.AlterModelTable("product", "goods")',
        'migrations.RunSQL("ALTER TABLE shop_product RENAME TO goods")',
    ],
)
def test_however_it_is_renamed(operation):
    assert "shop_product, which is goods from here on" in flagged("RM208", operation).message


def test_the_table_of_a_many_to_many_is_named_after_its_field():
    added = 'migrations.AddField("Product", "others", models.ManyToManyField("shop.Product"))'
    finding = flagged("RM208", added, 'migrations.RenameField("Product", "others", "near")')

    assert "the table shop_product_others, which is shop_product_near from here on" in finding.message


@pytest.mark.parametrize(
    "operation",
    [
        'migrations.AlterModelTable("product", "shop_product")',
        'migrations.AlterModelTable("product", None)',
        'migrations.RenameModel("Product", "PRODUCT")',
        'migrations.RenameField("Product", "name", "title")',
        'migrations.RunSQL("ALTER TABLE old RENAME TO older")',
    ],
)
def test_a_table_that_keeps_its_name_or_is_no_models(operation):
    silent("RM208", operation)


def test_a_model_that_says_its_table():
    silent(
        "RM208", 'migrations.SeparateDatabaseAndState([], [migrations.AlterModelTable("product", "goods")])', OPERATION
    )


@pytest.mark.parametrize("texts", quiet_places(OPERATION), ids=["state", "online", "new table", "unmanaged"])
def test_nobody_waits(texts):
    silent("RM208", *texts)
