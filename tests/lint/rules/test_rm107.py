"""A changed column that loses something of its values."""

import pytest

from tests.lint.reading import flagged, silent


def altered(old, new, base="migrations.Migration"):
    """Return two migrations: one that adds the field ``x`` of Product, and one that alters it."""
    add = f'migrations.AddField("Product", "x", models.{old})'
    alter = f"""
    class Migration({base}):
        dependencies = [("shop", "0002_x")]
        operations = [migrations.AlterField("Product", "x", models.{new})]
    """
    return add, alter


@pytest.mark.parametrize(
    ("old", "new", "loss"),
    [
        ("CharField(max_length=50)", "CharField(max_length=20)", "values longer than 20 characters make it fail"),
        ("CharField(max_length=None)", "CharField(max_length=20)", "values longer than 20 characters make it fail"),
        ("TextField()", "CharField(max_length=20)", "values longer than 20 characters are cut off"),
        ("URLField()", "SlugField()", "values longer than 50 characters make it fail"),
        ("UUIDField()", "CharField(max_length=32)", "values longer than 32 characters are cut off"),
        ("BigIntegerField()", "IntegerField()", "numbers above 2,147,483,647 make it fail"),
        ("IntegerField()", "PositiveSmallIntegerField()", "numbers above 32,767 make it fail"),
        ("FloatField()", "IntegerField()", "fractions are rounded away"),
        ("DecimalField(max_digits=8, decimal_places=2)", "BigIntegerField()", "fractions are rounded away"),
        ("DecimalField(max_digits=8, decimal_places=2)", "DecimalField(max_digits=8, decimal_places=1)",
         "numbers are rounded from 2 decimals to 1"),
        ("DecimalField(max_digits=8, decimal_places=2)", "DecimalField(max_digits=8, decimal_places=4)",
         "numbers of more than 4 digits before the point make it fail"),
        ("DecimalField(max_digits=20, decimal_places=2)", "FloatField()", "rounded to about 15"),
        ("FloatField()", "DecimalField(max_digits=8, decimal_places=2)", "numbers are rounded to 2 decimals"),
        ("DateTimeField()", "DateField()", "only the date of each moment is left"),
        ("IntegerField()", "BooleanField()", "every number but 0 becomes true"),
        ("TextField()", "IntegerField()", "texts become Integer values"),
        ("TextField()", "JSONField()", "texts become JSON without their spaces, order and repetition of keys"),
        ("IntegerField(null=True)", "IntegerField(default=0)", "NULLs become 0"),
        ("IntegerField(null=True)", "IntegerField(db_default=0)", "NULLs become 0"),
        ("UUIDField(null=True)", "UUIDField(default=uuid.uuid4)", "NULLs become the default"),
        ("CharField(max_length=9, null=True)", "CharField(max_length=9, blank=True)", "NULLs become ''"),
    ],
)  # fmt: skip
def test_it_says_what_is_lost(old, new, loss):
    finding = flagged("RM107", *altered(old, new))

    assert finding.message.startswith("shop_product.x: ")
    assert loss in finding.message
    assert finding.hint == "class Migration(ReversibleMigration): it keeps the old values of x beside."


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("CharField(max_length=20)", "CharField(max_length=50)"),
        ("CharField(max_length=20)", "TextField()"),
        ("CharField(max_length=20)", "CharField(max_length=20, choices=[('a', 'b')], help_text='c', db_index=True)"),
        ("TextField()", "TextField(max_length=20)"),  # no column has this length
        ("IntegerField()", "BigIntegerField()"),
        ("JSONField()", "TextField()"),
        ("IntegerField()", "PositiveIntegerField()"),
        ("IntegerField()", "CharField(max_length=11)"),
        ("DecimalField(max_digits=8, decimal_places=2)", "DecimalField(max_digits=10, decimal_places=4)"),
        ("DecimalField(max_digits=8, decimal_places=2)", "FloatField()"),
        ("DateField()", "DateTimeField()"),
        ("IntegerField(null=True)", "IntegerField()"),  # fails where there are NULLs
        ("IntegerField()", "IntegerField(null=True)"),
        ("stocks.StockField()", "IntegerField()"),
        ("IntegerField()", "ForeignKey('shop.Product', models.CASCADE)"),
    ],
)
def test_what_loses_nothing_or_is_not_known(old, new):
    silent("RM107", *altered(old, new))


def test_our_base_classes_keep_what_is_lost():
    silent("RM107", *altered("TextField()", "CharField(max_length=20)", base="SchemaMigration"))


def test_a_table_of_the_same_migration_has_no_values_yet():
    silent(
        "RM107",
        """
        migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True)), ("n", models.TextField())]),
        migrations.AlterField("Shelf", "n", models.IntegerField()),
        """,
    )
