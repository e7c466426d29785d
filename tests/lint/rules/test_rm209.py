"""Another type of a column."""

import pytest

from tests.lint.reading import flagged, quiet_places, silent

OPERATION = 'migrations.AlterField("Product", "name", models.CharField(max_length=50))'


def alter(name, field):
    return f'migrations.AlterField("Product", "{name}", models.{field})'


def test_the_table_is_written_anew():
    finding = flagged("RM209", OPERATION)

    assert finding.message == (
        "Changing shop_product.name from varchar(100) to varchar(50) writes the table and its indexes anew: nobody can "
        "read or write it until then."
    )
    assert finding.hint.startswith('AddField("product", "name_new", ...(null=True)), fill it with ops.UpdateRows')


@pytest.mark.parametrize(
    "operation",
    [
        alter("price", "DecimalField(max_digits=8, decimal_places=3)"),
        alter("price", "DecimalField(max_digits=7, decimal_places=2)"),
        alter("price", "FloatField()"),
        alter("price", "IntegerField()"),
        alter("name", "UUIDField()"),
        alter("name", "JSONField()"),
    ],
)
def test_types_that_are_stored_otherwise(operation):
    flagged("RM209", operation)


@pytest.mark.parametrize(
    "operation",
    [
        alter("name", "CharField(max_length=200)"),
        alter(
            "name", "CharField(max_length=100, verbose_name='what', choices=[('a', 'b')], blank=True, help_text='x')"
        ),
        alter("name", "SlugField(max_length=100)"),
        alter("name", "EmailField(max_length=100)"),
        alter("name", "TextField()"),
        alter("price", "DecimalField(max_digits=10, decimal_places=2)"),
        alter("price", "DecimalField(max_digits=8, decimal_places=2, null=True)"),
        'migrations.AlterField("Product", "name", shop.fields.Name())',
    ],
)
def test_types_that_are_stored_alike(operation):
    silent("RM209", operation)


def test_an_unlimited_text_that_gets_a_limit():
    flagged("RM209", alter("name", "TextField()"), alter("name", "CharField(max_length=100)"))


def test_a_check_of_all_rows():
    stock = 'migrations.AddField("Product", "stock", models.IntegerField(null=True))'
    finding = flagged("RM209", stock, alter("stock", "PositiveIntegerField(null=True)"))

    assert finding.message.startswith("Every row of shop_product is checked for stock >= 0")


def test_a_check_that_goes():
    stock = 'migrations.AddField("Product", "stock", models.PositiveIntegerField(null=True))'

    silent("RM209", stock, alter("stock", "IntegerField(null=True)"))


def test_a_foreign_key_has_the_type_of_its_key():
    stock = 'migrations.AddField("Product", "base", models.{}(null=True))'
    key = alter("base", "ForeignKey('shop.Product', models.CASCADE, null=True, db_column='base')")

    silent("RM209", stock.format("BigIntegerField"), key)
    flagged("RM209", stock.format("IntegerField"), key)


@pytest.mark.parametrize("texts", quiet_places(OPERATION), ids=["state", "online", "new table", "unmanaged"])
def test_nobody_waits(texts):
    silent("RM209", *texts)
