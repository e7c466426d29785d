"""``elidable=True`` on what new databases need, or on what undo needs."""

import pytest

from tests.lint.reading import flagged, silent

FILE = """
def fill(apps, schema_editor):
    Product = apps.get_model("shop", "Product")
    {body}

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunPython(fill, fill, elidable={elidable})]
"""
PATCH = """
from reversible_migrations import ReversibleDataPatch

class Migration(ReversibleDataPatch):
    elidable = {elidable}
    dependencies = [("shop", "0001_initial")]

    def patch(self, apps, patch):
        patch.update(apps.get_model("shop", "Product").objects.all(), name="")
"""


def elided(body, elidable=True):
    return FILE.format(body=body, elidable=elidable)


def test_rows_that_a_new_database_needs():
    finding = flagged("RM108", elided("Product.objects.create(name='')"))

    assert finding.message == (
        "Squashing leaves out this RunPython, which makes rows of shop.Product: new databases never get that."
    )
    assert finding.hint == "migrations.RunPython(fill, ...) without elidable=True"


@pytest.mark.parametrize(
    ("sql", "made"),
    [
        ("CREATE EXTENSION hstore", "a change of the schema (CREATE EXTENSION)"),
        ("INSERT INTO shop_product (name) VALUES (1)", "rows of shop_product"),
    ],
)
def test_sql_that_makes_something(sql, made):
    assert made in flagged("RM108", f'migrations.RunSQL("{sql}", "", elidable=True)').message


@pytest.mark.parametrize(
    "body",
    [
        "Product.objects.update(name='')",
        "for product in Product.objects.all(): Product.objects.create(name=product.name)",
        "apps.get_model('auth', 'Permission').objects.get_or_create(codename='x')",
    ],
)
def test_what_does_nothing_on_a_new_database(body):
    silent("RM108", elided(body))


def test_sql_that_changes_rows_that_were_there():
    silent("RM108", 'migrations.RunSQL("INSERT INTO a SELECT 1 FROM shop_product", "", elidable=True)')
    silent("RM108", 'migrations.RunSQL("UPDATE shop_product SET name = 1", "", elidable=True)')


def test_what_is_not_elidable():
    silent("RM108", elided("Product.objects.create(name='')", elidable=False))


def test_a_patch_of_ours_whose_record_has_no_use_then():
    assert "undo then has no use for what it has written down" in flagged("RM108", PATCH.format(elidable=True)).message
    silent("RM108", PATCH.format(elidable=False))
