"""A many-to-many that is changed."""

import pytest

from tests.lint.reading import flagged, silent

SHELF = 'migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True))])'
ADDED = 'migrations.AddField("Product", "others", models.ManyToManyField("shop.Product"))'
MADE = f"{SHELF},\n{ADDED}"


def alter(field):
    return f'migrations.AlterField("Product", "others", models.{field})'


@pytest.mark.parametrize(
    "field", ['ManyToManyField("shop.Shelf")', 'ManyToManyField("shop.Product", db_table="pairs")']
)
def test_its_table_is_renamed(field):
    finding = flagged("RM217", MADE, alter(field))

    assert finding.message == (
        "Changing shop_product.others renames the table or the columns that keep it: the code that runs now fails."
    )
    assert finding.hint.startswith('AddField("product", "others_new", ...)')


@pytest.mark.parametrize(
    "field",
    ['ManyToManyField("shop.Product", through="shop.Pair")', 'ForeignKey("shop.Product", models.CASCADE)'],
)
def test_django_refuses_it(field):
    finding = flagged("RM217", MADE, alter(field))

    assert finding.message.startswith("Django cannot change shop_product.others so")
    assert finding.hint.startswith("SeparateDatabaseAndState")


@pytest.mark.parametrize(
    "field",
    [
        'ManyToManyField("shop.Product", blank=True, related_name="near", help_text="x")',
        'ManyToManyField("shop.product")',
    ],
)
def test_what_the_database_does_not_know(field):
    silent("RM217", MADE, alter(field))


def test_in_the_state_only():
    through = alter('ManyToManyField("shop.Product", through="shop.Pair")')

    silent("RM217", MADE, f"migrations.SeparateDatabaseAndState(state_operations=[{through}])")


def test_other_fields():
    silent("RM217", 'migrations.AlterField("Product", "name", models.TextField())')
