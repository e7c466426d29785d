"""RemoveIndex becomes RemoveIndexConcurrently, in a migration without a transaction."""

import pytest

CODE = "RM221"

FILE = """\
{ours}from django.db import migrations


class Migration(migrations.Migration):
{atomic}    dependencies = [("shop", "0002_index")]
    operations = [{kind}("product", "product_name")]
"""
INDEX = """\
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.AddIndex("product", models.Index(fields=["name"], name="product_name"))]
"""


@pytest.fixture(autouse=True)
def on_postgresql(on_database):
    on_database("postgresql")


def test_the_migration_gives_up_its_transaction(shop, mended):
    shop.path.with_name("0002_index.py").write_text(INDEX)
    ours = "from django.contrib.postgres.operations import RemoveIndexConcurrently\n"

    mended(
        FILE.format(ours="", atomic="", kind="migrations.RemoveIndex"),
        FILE.format(ours=ours, atomic="    atomic = False\n", kind="RemoveIndexConcurrently"),
    )


@pytest.mark.parametrize(
    "dropping",
    ['migrations.RunSQL("DROP INDEX product_name")', 'migrations.AlterIndexTogether("product", set())'],
)
def test_what_has_no_concurrent_form_is_left(shop, left, dropping):
    made = 'migrations.AlterIndexTogether("product", {("name", "price")})'
    shop.path.with_name("0002_index.py").write_text(
        INDEX.replace('migrations.AddIndex("product", models.Index(fields=["name"], name="product_name"))', made)
    )
    text = FILE.format(ours="", atomic="    atomic = False\n", kind="X").replace(
        'X("product", "product_name")', dropping
    )

    left(text, "Django has no operation that does it concurrently")
