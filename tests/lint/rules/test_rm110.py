"""Rows, columns or tables that SQL deletes, and that the reverse cannot bring back."""

import pytest

from tests.lint.reading import flagged, silent


def sql(forward, *reverse):
    given = ", ".join(f'"{text}"' for text in (forward, *reverse))
    return f"migrations.RunSQL({given})"


@pytest.mark.parametrize(
    ("forward", "reverse", "what", "hint"),
    [
        ("DROP TABLE shop_product", "CREATE TABLE shop_product (a int)", "The SQL drops shop_product with its rows",
         'ops.RetireModel("Product")'),
        ("DROP TABLE other", "", "The SQL drops other with its rows", "ALTER TABLE other RENAME TO other_retired"),
        ("ALTER TABLE shop_product DROP COLUMN price", "ALTER TABLE shop_product ADD price int",
         "The SQL drops price of shop_product with its values", 'ops.RetireField("Product", "price")'),
        ("ALTER TABLE other DROP x", "", "The SQL drops x of other with its values",
         "ALTER TABLE other RENAME COLUMN x TO x_retired"),
        ("DELETE FROM shop_product", "UPDATE shop_product SET name = 1", "The SQL deletes rows of shop_product",
         'ops.RecordedSQL(..., models=["shop.Product"])'),
        ("TRUNCATE shop_product", "SELECT 1", "The SQL deletes rows of shop_product",
         'ops.RecordedSQL(..., models=["shop.Product"])'),
    ],
)  # fmt: skip
def test_it_says_what_goes_and_what_keeps_it(forward, reverse, what, hint):
    finding = flagged("RM110", sql(forward, reverse))

    assert finding.message == f"{what}: no reverse brings them back."
    assert finding.hint == hint


def test_sql_of_a_function():
    flagged(
        "RM110",
        """
        def drop(apps, schema_editor):
            with schema_editor.connection.cursor() as cursor:
                cursor.execute("DROP TABLE shop_product")

        class Migration(migrations.Migration):
            dependencies = [("shop", "0001_initial")]
            operations = [migrations.RunPython(drop, migrations.RunPython.noop)]
        """,
    )


@pytest.mark.parametrize(
    "operation",
    [
        sql("DELETE FROM shop_product WHERE id = 1", "INSERT INTO shop_product (id) VALUES (1)"),
        sql("DELETE FROM shop_product"),  # RM102's
        sql("DELETE FROM shop_product", ""),  # RM103's
        sql("DROP TABLE IF EXISTS a; CREATE TABLE a (b int)", "DROP TABLE a"),
        sql("INSERT INTO b SELECT * FROM a; DROP TABLE a; ALTER TABLE b RENAME TO a", "SELECT 1"),
        sql("DROP INDEX a", "CREATE INDEX a ON shop_product (name)"),
        sql("ALTER TABLE shop_product DROP CONSTRAINT a", "SELECT 1"),
        sql("DELETE FROM django_session", "SELECT 1"),
        'ops.RecordedSQL("DELETE FROM shop_product", models=["shop.Product"])',
    ],
)
def test_what_comes_back_or_is_told_by_others(operation):
    silent("RM110", operation)
