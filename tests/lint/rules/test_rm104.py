"""A reverse that leaves alone what the forward changed."""

import pytest

from tests.lint.reading import flagged, silent

FILE = """
def forward(apps, schema_editor):
    Product, Shelf = apps.get_model("shop", "Product"), apps.get_model("shop", "Shelf")
    {forward}

def backward(apps, schema_editor):
    Product, Shelf = apps.get_model("shop", "Product"), apps.get_model("shop", "Shelf")
    {backward}

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [{before}migrations.RunPython(forward, backward)]
"""
SHELF = 'migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True)){more}])'
OF_PRODUCT = ', ("product", models.ForeignKey("shop.Product", models.CASCADE))'


def data(forward, backward, before=""):
    return FILE.format(forward=forward, backward=backward, before=before)


def test_it_names_what_is_left():
    finding = flagged(
        "RM104", data("Product.objects.update(name=''); Shelf.objects.update(x=1)", "Product.objects.update(name='x')")
    )

    assert finding.message == ("The reverse does not touch shop.Shelf, which the forward changes: undo leaves that.")
    assert finding.hint == 'ops.RecordedPython(forward, models=["shop.Product", "shop.Shelf"])'


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        ("Product.objects.update(name='')", "Product.objects.update(name='x')"),
        ("Product.objects.update(name='')", "apps.get_model('shop', 'product').objects.update(name='x')"),
        ("Product.objects.update(name='')", "helper(apps)"),  # of another file
        ("Product.objects.update(name='')", "schema_editor.execute('UPDATE shop_product SET name = 1')"),
        ("Product.objects.update(name='')", "pass"),  # RM103's
        ("apps.get_model('auth', 'Permission').objects.create()", "Product.objects.update(name='')"),
    ],
)
def test_what_is_touched_or_not_known(forward, backward):
    silent("RM104", "from shop.helpers import helper\n" + data(forward, backward))


def test_rows_that_go_with_others():
    silent(
        "RM104",
        SHELF.format(more=OF_PRODUCT),
        data("Product.objects.create(); Shelf.objects.create()", "Product.objects.all().delete()"),
    )


@pytest.mark.parametrize("to", ["computed()", '"shop.Parent"'])
def test_rows_that_may_go_with_others(to):
    parent = 'migrations.CreateModel("Parent", [("id", models.BigAutoField(primary_key=True))])'
    child = f"{parent}, migrations.CreateModel('Child', [], bases=('shop.parent',))"
    shelf = SHELF.format(more=f', ("x", models.ForeignKey(to={to}, on_delete=models.CASCADE))')

    silent(
        "RM104",
        f"{child}, {shelf}",
        data("Shelf.objects.create()", "apps.get_model('shop', 'Child').objects.all().delete()"),
    )


def test_a_table_of_the_same_migration_goes_by_itself():
    made = SHELF.format(more="") + ", "

    silent("RM104", data("Shelf.objects.create()", "Product.objects.update(name='')", before=made))


def test_rows_that_are_deleted_and_not_made_again():
    finding = flagged("RM104", data("Product.objects.filter(x=1).delete()", "Product.objects.filter(x=2).delete()"))

    assert finding.message == ("The forward deletes rows of shop.Product and the reverse makes none: they stay away.")
    assert finding.hint == 'ops.RecordedPython(forward, models=["shop.Product"])'


@pytest.mark.parametrize(
    "backward",
    [
        "Product.objects.create(name='x')",
        "Product(name='x').save()",
        "Shelf.objects.create(); Product.objects.update(x=1)",
    ],
)
def test_a_reverse_that_makes_rows_may_make_those(backward):
    silent("RM104", data("Product.objects.filter(x=1).delete()", backward))


def test_rows_that_django_or_this_migration_makes_may_go():
    deleted = "Shelf.objects.all().delete(); apps.get_model('auth', 'Permission').objects.all().delete()"
    made = SHELF.format(more="") + ", "

    silent("RM104", data(deleted, "Product.objects.update(name='')", before=made))


def test_sql_is_compared_by_its_tables():
    finding = flagged("RM104", 'migrations.RunSQL("UPDATE shop_product SET name = 1", "UPDATE shop_shelf SET x = 1")')

    assert "does not touch shop_product" in finding.message
    assert finding.hint == 'ops.RecordedSQL(..., models=["shop.Product"])'


@pytest.mark.parametrize(
    "given",
    [
        '"UPDATE shop_product SET name = 1", "UPDATE public.Shop_Product SET name = 2"',
        '"CREATE TABLE a (b int); INSERT INTO a VALUES (1)", "DROP TABLE a"',
        '"CREATE TABLE a (b int); INSERT INTO a VALUES (1)", "DROP SCHEMA x CASCADE"',
        '"UPDATE shop_product SET name = 1", "DO $$ BEGIN END $$"',
        '"UPDATE shop_product SET name = 1", migrations.RunSQL.noop',
    ],
)
def test_sql_that_is_taken_back(given):
    silent("RM104", f"migrations.RunSQL({given})")
