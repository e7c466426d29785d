"""All rows of a table changed in one transaction."""

import pytest

from tests.lint.reading import flagged, silent

FILE = """
def fill(apps, schema_editor):
    Product = apps.get_model("shop", "Product")
    {body}

class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [("shop", "0001_initial")]
    operations = [{operation}]
"""
LOOP = "for product in Product.objects.iterator(): product.save()"


def code(body, atomic=True, operation="migrations.RunPython(fill, fill)"):
    return FILE.format(body=body, atomic=atomic, operation=operation)


def test_one_statement_over_all_rows():
    finding = flagged("RM304", code("Product.objects.update(name='')"))

    assert (
        finding.message == "fill changes every row of shop.Product in one transaction: all stay locked until it ends."
    )
    assert finding.hint == 'ops.UpdateRows("Product", {...}) in a migration that is not atomic: it works in batches.'
    assert finding.line == 8


@pytest.mark.parametrize("body", ["Product.objects.all().delete()", "Product.objects.using('a').all().delete()"])
def test_rows_that_are_deleted(body):
    assert flagged("RM304", code(body)).hint.startswith('ops.DeleteRows("Product")')


def test_one_statement_is_one_transaction_wherever_it_is():
    flagged("RM304", code("Product.objects.update(name='')", atomic=False))
    flagged("RM304", code("Product.objects.update(name='')", operation='ops.RecordedPython(fill, ["shop.Product"])'))


def test_a_loop_is_one_transaction_where_the_migration_or_the_operation_is():
    assert flagged("RM304", code(LOOP)).hint.startswith('ops.TransformRows("Product", function, fields=[...]) in a')
    flagged("RM304", code(LOOP, atomic=False, operation="migrations.RunPython(fill, fill, atomic=True)"))
    silent("RM304", code(LOOP, atomic=False))


def test_sql_over_all_rows():
    finding = flagged("RM304", 'migrations.RunSQL("UPDATE shop_product SET name = 1", "SELECT 1")')

    assert finding.message.startswith("The SQL changes every row of shop.Product")


@pytest.mark.parametrize(
    "operation",
    [
        'migrations.RunSQL("UPDATE shop_product SET name = 1 WHERE id < 9", "SELECT 1")',
        'migrations.RunSQL("DELETE FROM other", "SELECT 1")',
        'ops.UpdateRows("Product", {"name": ""})',
        'ops.RecordedSQL("UPDATE shop_product SET name = 1 WHERE id = 1", models=["shop.Product"])',
    ],
)
def test_operations_that_change_some_rows_or_work_in_batches(operation):
    silent("RM304", operation)


@pytest.mark.parametrize(
    "body",
    [
        "Product.objects.filter(name='').update(name='a')",
        "for product in Product.objects.filter(name=''): product.save()",
        "Product.objects.create(name='')",
        "for product in Product.objects.all(): print(product)",
    ],
)
def test_code_that_changes_some_rows(body):
    silent("RM304", code(body))


def test_a_patch_of_ours_works_in_batches():
    silent(
        "RM304",
        """
        from reversible_migrations import ReversibleDataPatch

        class Migration(ReversibleDataPatch):
            dependencies = [("shop", "0001_initial")]

            def patch(self, apps, patch):
                patch.update(apps.get_model("shop", "Product").objects.all(), name="")
        """,
    )
