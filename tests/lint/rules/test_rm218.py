"""A primary key that becomes bigint."""

import pytest

from tests.lint.reading import flagged, on_base, silent

SHELF = """migrations.CreateModel("Shelf", [
    ("id", models.AutoField(primary_key=True)), ("others", models.ManyToManyField("shop.Shelf")),
])"""
REFERRING = 'migrations.AddField("Product", "shelf", models.ForeignKey("shop.Shelf", models.CASCADE, null=True))'
OPERATION = 'migrations.AlterField("Shelf", "id", models.BigAutoField(primary_key=True))'


def test_all_tables_that_refer_to_it_are_written_anew():
    finding = flagged("RM218", SHELF, REFERRING, OPERATION)

    assert finding.message == (
        "shop_shelf, shop_product and shop_shelf_others are written anew: nobody can read or write them until then."
    )
    assert "or leave it: id = models.AutoField(primary_key=True)." in finding.hint


def test_nothing_refers_to_it():
    alone = SHELF.replace(', ("others", models.ManyToManyField("shop.Shelf"))', "")

    assert flagged("RM218", alone, OPERATION).message.startswith("shop_shelf is written anew:")


def test_the_table_of_its_own_many_to_many_refers_to_it():
    filled = SHELF.replace('"shop.Shelf"', '"shop.Product"')

    assert flagged("RM218", filled, OPERATION).message.startswith("shop_shelf and shop_shelf_others are written anew:")


@pytest.mark.parametrize(
    "texts",
    [
        (SHELF, OPERATION.replace("BigAutoField(", "AutoField(verbose_name='no', ")),
        ('migrations.AlterField("Product", "id", models.BigAutoField(primary_key=True, verbose_name="no"))',),
        ('migrations.AlterField("Product", "id", models.AutoField(primary_key=True))',),
        (f"{SHELF},\n{OPERATION}",),
        (SHELF, f"migrations.SeparateDatabaseAndState([], [{OPERATION}])"),
        (SHELF, on_base("SchemaMigration", OPERATION)),
    ],
)
def test_no_bigger_key_or_nobody_waits(texts):
    silent("RM218", *texts)
