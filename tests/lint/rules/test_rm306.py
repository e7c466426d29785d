"""A query that names no database."""

import pytest
from django.db import connections

from tests.lint.reading import flagged, silent

pytestmark = pytest.mark.usefixtures("several_databases")

FILE = """
def fill(apps, schema_editor):
    Product = apps.get_model("shop", "Product")
    {body}

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunPython(fill, fill)]
"""


def code(body):
    return FILE.format(body=body)


def test_it_goes_to_the_default_database():
    finding = flagged("RM306", code("Product.objects.update(name='')"))

    assert finding.message == (
        "fill reads or writes shop.Product without naming the database: it is always the default."
    )
    assert finding.hint == "Product.objects.using(schema_editor.connection.alias)"
    assert finding.level == "info"


@pytest.mark.parametrize(
    "body",
    [
        "Product.objects.filter(name='').count()",
        "Product(name='').save()",
        "for product in Product.objects.all(): print(product)",
        "Product.objects.create(name=''); Product.objects.create(name='x')",  # said once
    ],
)
def test_reads_and_writes(body):
    flagged("RM306", code(body))


@pytest.mark.parametrize(
    "body",
    [
        "Product.objects.using(schema_editor.connection.alias).update(name='')",
        "db = schema_editor.connection.alias; Product.objects.using(db).create(name='')",
        "Product.objects.db_manager('other').create(name='')",
        "Product(name='').save(using='other')",
        "for product in Product.objects.using('other').all(): product.save()",
        "if schema_editor.connection.alias == 'default': Product.objects.update(name='')",
        "print(Product)",
    ],
)
def test_code_that_knows_its_database(body):
    silent("RM306", code(body))


def test_a_patch_of_ours_runs_on_its_database():
    silent(
        "RM306",
        """
        from reversible_migrations import ReversibleDataPatch

        class Migration(ReversibleDataPatch):
            dependencies = [("shop", "0001_initial")]

            def patch(self, apps, patch):
                patch.update(apps.get_model("shop", "Product").objects.all(), name="")
        """,
    )


def test_a_project_with_one_database(monkeypatch):
    monkeypatch.delitem(connections.settings, "archive")

    silent("RM306", code("Product.objects.update(name='')"))


def test_without_settings_there_may_be_several(monkeypatch):
    monkeypatch.delitem(connections.settings, "archive")
    monkeypatch.setitem(connections.settings, "default", {"ENGINE": "django.db.backends.dummy"})

    flagged("RM306", code("Product.objects.update(name='')"))
