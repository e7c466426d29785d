"""A query set without ``iterator()``, over all rows."""

import pytest

from tests.lint.reading import flagged, silent

FILE = """
def fill(apps, schema_editor):
    Product = apps.get_model("shop", "Product")
    {body}

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [{before}migrations.RunPython(fill, fill)]
"""


def code(body, before=""):
    return FILE.format(body=body, before=before)


def test_every_row_is_loaded():
    finding = flagged("RM302", code("for product in Product.objects.all(): print(product)"))

    assert finding.message == "fill loads every row of shop.Product into memory at once."
    assert finding.hint == "Product.objects.iterator(chunk_size=2000)"
    assert finding.line == 8


@pytest.mark.parametrize(
    "body",
    [
        "list(Product.objects.all())",
        "[product.name for product in Product.objects.order_by('name')]",
        "rows = Product.objects.using('other').select_related('shelf'); sorted(rows)",
        "list(Product.objects.iterator())",
        "products = Product.objects.all()\n    for product in products: print(product)",
        "for a in Product.objects.all(): pass\n    for b in Product.objects.all(): pass",  # said once
    ],
)
def test_however_it_is_loaded(body):
    flagged("RM302", code(body))


def test_rows_that_are_only_counted():
    assert flagged("RM302", code("len(Product.objects.all())")).hint == "Product.objects.count()"


def test_the_rest_of_the_query_stays():
    ordered = code("for product in Product.objects.using('other').order_by('name'): print(product)")

    assert flagged("RM302", ordered).hint == ".iterator(chunk_size=2000) at the end of the query of Product"
    assert flagged("RM302", code("list(Product.objects.all())")).hint == "Product.objects.iterator(chunk_size=2000)"
    assert (
        flagged("RM302", code("len(Product.objects.using('other'))")).hint
        == ".count() at the end of the query of Product"
    )


@pytest.mark.parametrize(
    "body",
    [
        "for product in Product.objects.iterator(): print(product)",
        "for product in Product.objects.all().iterator(chunk_size=10): print(product)",
        "for product in Product.objects.filter(name=''): print(product)",
        "for product in Product.objects.all()[:100]: print(product)",
        "list(Product.objects.values_list('pk', flat=True))",
        "Product.objects.count()",
        "for site in apps.get_model('sites', 'Site').objects.all(): print(site)",
    ],
)
def test_what_is_streamed_or_not_all(body):
    silent("RM302", code(body))


def test_a_table_of_the_same_migration_is_empty():
    made = 'migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True))]), '

    silent("RM302", code("list(apps.get_model('shop', 'Shelf').objects.all())", before=made))
