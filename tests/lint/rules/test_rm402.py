"""Data code that reads what was removed before it."""

import pytest

from tests.lint.reading import flagged, silent

REMOVED = 'migrations.RemoveField("Product", "price")'
ZERO_DOWNTIME = """
class Migration(ZeroDowntimeMigration):
    dependencies = [("shop", "0001_initial")]
    prepare = [migrations.AddField("Product", "cents", models.IntegerField(null=True))]

    def migrate_data(self, apps, patch):
        Product = apps.get_model("shop", "Product")
        patch.update(Product.objects.filter(cents=None), cents=models.F("price") * 100)

    cleanup = [migrations.RemoveField("Product", "price")]
"""
READING = """
def read(apps, schema_editor):
    Product = apps.get_model("shop", "Product")
    {code}

class Migration(migrations.Migration):
    dependencies = [("shop", "{parent}")]
    operations = [{before}ops.RecordedPython(read, models=["shop.Product"]){after}]
"""


def reading(code, before="", after="", parent="0001_initial"):
    return READING.format(code=code, before=before, after=after, parent=parent)


def test_a_phase_that_reads_what_an_earlier_one_removed():
    text = ZERO_DOWNTIME.replace("cleanup", "switch").replace("prepare", "cleanup").replace("switch", "prepare")

    finding = flagged("RM402", text)

    assert finding.message == (
        "migrate_data reads shop.Product.price, which operation 1 of 0002_x has removed before: it fails."
    )
    assert finding.hint == (
        "Put `Retire field price of Product` behind operation 2 of `migrate_data`, best in `cleanup`."
    )


def test_phases_in_their_order():
    silent("RM402", ZERO_DOWNTIME)


def test_an_earlier_migration_has_removed_it():
    finding = flagged("RM402", REMOVED, reading('Product.objects.filter(price=1).update(name="")', parent="0002_x"))

    assert "which operation 1 of 0002_x has removed before" in finding.message
    assert finding.hint == "Let shop.0002_x depend on shop.0003_x, and not the other way round."


@pytest.mark.parametrize(
    "code",
    [
        "Product.objects.exclude(price__gt=1).delete()",
        'list(Product.objects.values("id", "price"))',
        'list(Product.objects.order_by("-price"))',
        'Product.objects.update(name=Concat("name", Value(F("price"))))',
        "list(Product.objects.filter(Q(price=1) | Q(price=None)))",
        "[product.price for product in Product.objects.all()]",
        "print(Product.objects.first().price)",
    ],
)
def test_ways_to_read_it(code):
    assert flagged("RM402", reading(code, before=f"{REMOVED}, ")).operation == "2"


@pytest.mark.parametrize(
    "operation",
    [
        'ops.UpdateRows("Product", {"name": models.F("price")})',
        'ops.UpdateRows("Product", {"price": 1})',
        'ops.UpdateRows("Product", {"name": ""}, where=models.Q(id=1, price__gt=1))',
        'ops.DeleteRows("shop.Product", where=models.Q(price=1))',
        'ops.TransformRows("Product", fill, fields=["price"])',
    ],
)
def test_operations_on_rows_that_name_it(operation):
    flagged("RM402", f"{REMOVED},\n{operation},")


def test_a_table_that_is_gone():
    finding = flagged("RM402", 'migrations.DeleteModel("Product"),\nmigrations.RunPython(fill, fill),')

    assert "reads shop.Product, which operation 1 of 0002_x has removed before" in finding.message


@pytest.mark.parametrize(
    "text",
    [
        reading("Product.objects.update(price=1)", after=f", {REMOVED}"),
        reading('Product.objects.update(name="")', before=f"{REMOVED}, "),
        reading(
            "Product.objects.update(price=1)",
            before=f'{REMOVED}, migrations.AddField("Product", "price", models.IntegerField(null=True)), ',
        ),
        reading("print([each.price for each in unknown()])", before=f"{REMOVED}, "),
        reading("list(Product.objects.annotate(price=Value(1)))", before=f"{REMOVED}, "),
        reading("Product.objects.filter(id__in=Subquery(Other.objects.filter(a=F('price'))))", before=f"{REMOVED}, "),
        reading("for each in Product.objects.all(): each.price = 1", before=f"{REMOVED}, "),
    ],
)
def test_what_does_not_read_it(text):
    silent("RM402", text)


def test_the_database_alone_is_not_what_code_sees():
    removed = 'migrations.SeparateDatabaseAndState([migrations.RemoveField("Product", "price")], []), '

    silent("RM402", reading("Product.objects.update(price=1)", before=removed))


def test_a_migration_that_does_not_depend_on_it_may_run_before():
    silent("RM402", REMOVED, reading("Product.objects.update(price=1)"))
