"""A new NOT NULL column for which the database has no value."""

import pytest

from tests.lint.reading import flagged, silent


def add(field):
    return f'migrations.AddField("Product", "stock", {field})'


def test_a_default_of_python_is_not_the_databases():
    finding = flagged("RM202", add("models.IntegerField(default=3)"))

    assert finding.message == (
        "shop_product.stock may not be NULL, and the database has no default for it: "
        "inserts of the code that runs now fail."
    )
    assert finding.hint == "Let the database have it: db_default=3 instead of default=3."


def test_a_default_that_is_computed_is_filled_in_steps():
    finding = flagged("RM202", add("models.DateTimeField(default=timezone.now)"))

    assert finding.hint.startswith('AddField("product", "stock", ...(null=True)) now')


def test_django_gives_an_empty_text_for_want_of_a_default():
    finding = flagged("RM202", add("models.TextField(blank=True)"))

    assert finding.hint == "Let the database have it: db_default=''."
    assert "null=True" in flagged("RM202", add("models.TextField()")).hint


def test_the_column_of_a_foreign_key():
    finding = flagged("RM202", add('models.ForeignKey("shop.Product", models.CASCADE, default=1)'))

    assert finding.message.startswith("shop_product.stock_id may not be NULL")


def test_a_field_of_the_projects_own():
    flagged("RM202", add("stocks.fields.StockField(default=0)"))


@pytest.mark.parametrize(
    "field",
    [
        "models.IntegerField(null=True)",
        "models.IntegerField(db_default=3)",
        'models.ManyToManyField("shop.Product")',
        "stocks.fields.StockField(null=True)",
        "taggit.managers.TaggableManager()",
        "models.ForeignKey(null=True, on_delete=models.CASCADE, to=swapped.MODEL)",
    ],
)
def test_what_has_a_value_or_no_column(field):
    silent("RM202", add(field))


def test_a_table_of_the_same_migration_has_no_old_code():
    made = 'migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True))])'

    silent("RM202", f'{made},\nmigrations.AddField("shelf", "height", models.IntegerField(default=1))')
