"""``save()`` or ``create()`` for each row of a query."""

import pytest

from tests.lint.reading import flagged, silent

FILE = """
def fill(apps, schema_editor):
    Product, Shelf = apps.get_model("shop", "Product"), apps.get_model("shop", "Shelf")
    {body}

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunPython(fill, fill)]
"""


def code(body):
    return FILE.format(body=body)


def test_rows_that_are_changed_one_by_one():
    finding = flagged("RM303", code("for product in Product.objects.filter(name=''): product.save()"))

    assert finding.message == "fill writes shop.Product row by row: a statement and a round trip for each."
    assert finding.hint == 'ops.TransformRows("Product", function, fields=[...]), which writes them in batches'


@pytest.mark.parametrize(
    "body",
    [
        "for product in Product.objects.all(): Shelf.objects.create(product=product)",
        "for product in Product.objects.iterator(): Shelf(product=product).save()",
        "for pk in Product.objects.values_list('pk', flat=True): Shelf.objects.create(product_id=pk)",
    ],
)
def test_rows_that_are_made_one_by_one(body):
    assert flagged("RM303", code(body)).hint == "Shelf.objects.bulk_create(rows, batch_size=1000)"


def test_rows_of_a_model_that_is_not_known():
    finding = flagged("RM303", code("for product in Product.objects.all(): product.shelf.save()"))

    assert "bulk_update()" in finding.hint


@pytest.mark.parametrize(
    "body",
    [
        "for name in ('a', 'b'): Product(name=name).save()",
        "Product.objects.first().save()",
        "for product in Product.objects.all(): print(product)",
        "Product.objects.bulk_create([Product(name=shelf.name) for shelf in Shelf.objects.all()])",
        "for site in apps.get_model('sites', 'Site').objects.all(): site.save()",
    ],
)
def test_few_rows_or_written_together(body):
    silent("RM303", code(body))
