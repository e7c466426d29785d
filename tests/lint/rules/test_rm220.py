"""A column that is made NOT NULL at once."""

import pytest

from tests.lint.reading import flagged, on_base, silent

STOCK = 'migrations.AddField("Product", "stock", models.IntegerField(null=True))'
OPERATION = 'migrations.AlterField("Product", "stock", models.IntegerField())'
CHECK = """migrations.SeparateDatabaseAndState([], [migrations.AddConstraint(
    "Product", models.CheckConstraint(condition=models.Q(stock__isnull=False), name="stock_not_null")
)])"""


def test_all_rows_are_read():
    finding = flagged("RM220", STOCK, OPERATION)

    assert finding.message == (
        "To make stock NOT NULL all rows of shop_product are read, and nobody can read or write it until then."
    )
    assert finding.hint.startswith(
        'AddConstraintNotValid("product", CheckConstraint(condition=Q(stock__isnull=False), name="stock_not_null"))'
    )


def test_rows_without_a_value_get_the_default():
    finding = flagged("RM220", STOCK, OPERATION.replace("IntegerField()", "IntegerField(default=0)"))

    assert "are updated and read" in finding.message


def test_a_check_spares_the_reading():
    silent("RM220", STOCK, CHECK, OPERATION)


@pytest.mark.parametrize(
    "operation",
    [
        OPERATION.replace("IntegerField()", "IntegerField(null=True, default=0)"),
        'migrations.AlterField("Product", "name", models.CharField(max_length=100, null=True))',
        'migrations.AlterField("Product", "name", models.CharField(max_length=200))',
    ],
)
def test_what_may_be_null_or_was_not_before(operation):
    silent("RM220", STOCK, operation)


@pytest.mark.parametrize(
    "text",
    [f"migrations.SeparateDatabaseAndState([], [{OPERATION}])", on_base("SchemaMigration", OPERATION)],
)
def test_nobody_waits(text):
    silent("RM220", STOCK, text)
