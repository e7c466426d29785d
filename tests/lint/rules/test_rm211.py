"""A column or table that goes away while code uses it."""

import pytest

from tests.lint.reading import flagged, on_base, quiet_places, silent

OPERATION = 'migrations.RemoveField("Product", "price")'


def test_running_code_asks_for_the_column():
    finding = flagged("RM211", OPERATION)

    assert finding.message == (
        "The code that runs now still asks for shop_product.price: its queries fail until the deploy is over."
    )
    assert finding.hint.startswith('SeparateDatabaseAndState(state_operations=[RemoveField("product", "price")])')
    assert 'cleanup = [RemoveField("product", "price")] of a ZeroDowntimeMigration' in finding.hint


@pytest.mark.parametrize(
    "operation",
    [
        'migrations.DeleteModel("Product")',
        'ops.RetireModel("Product")',
        'migrations.RunSQL("DROP TABLE IF EXISTS shop_product")',
    ],
)
def test_a_table_too(operation):
    finding = flagged("RM211", operation)

    assert "the table shop_product:" in finding.message
    assert "NOT NULL" not in finding.hint


@pytest.mark.parametrize(
    "operation",
    ['ops.RetireField("product", "price")', 'migrations.RunSQL("ALTER TABLE shop_product DROP COLUMN price CASCADE")'],
)
def test_however_it_goes(operation):
    flagged("RM211", operation)


def test_a_column_that_left_the_state_before():
    left = f"migrations.SeparateDatabaseAndState(state_operations=[{OPERATION}])"

    silent("RM211", left, 'migrations.RunSQL("ALTER TABLE shop_product DROP COLUMN price")')


def test_sql_beside_the_state():
    sql = 'migrations.RunSQL("ALTER TABLE shop_product DROP COLUMN price")'

    assert flagged("RM211", f"migrations.SeparateDatabaseAndState([{sql}], [{OPERATION}])").operation == "1.1"


def test_the_last_phase_comes_when_no_code_uses_it():
    silent("RM211", on_base("ZeroDowntimeMigration").replace("operations = []", f"cleanup = [{OPERATION}]"))


def test_a_foreign_key_goes_with_its_column():
    added = 'migrations.AddField("Product", "base", models.ForeignKey("self", models.CASCADE{}))'
    removed = 'migrations.RemoveField("Product", "base")'

    finding = flagged("RM211", added.format(""), removed)
    assert "asks for shop_product.base_id:" in finding.message
    assert "NOT NULL" in finding.hint
    assert "NOT NULL" not in flagged("RM211", added.format(", null=True"), removed).hint


def test_a_many_to_many_has_a_table_or_shares_one():
    added = 'migrations.AddField("Product", "others", models.ManyToManyField("shop.Product"{}))'
    removed = 'migrations.RemoveField("Product", "others")'

    assert "the table shop_product_others:" in flagged("RM211", added.format(""), removed).message
    assert "the table pairs:" in flagged("RM211", added.format(', db_table="pairs"'), removed).message
    silent("RM211", added.format(', through="shop.Pair"'), removed)


def test_what_no_model_has():
    silent("RM211", 'migrations.RunSQL("DROP TABLE old; ALTER TABLE shop_product DROP COLUMN legacy")')


@pytest.mark.parametrize("texts", quiet_places(OPERATION), ids=["state", "online", "new table", "unmanaged"])
def test_nobody_waits(texts):
    silent("RM211", *texts)
