"""A reverse that does nothing behind a forward that changes rows."""

import pytest

from tests.lint.reading import flagged, silent


def test_noop_behind_a_change_of_rows():
    finding = flagged("RM103", "migrations.RunPython(fill, migrations.RunPython.noop)")

    assert finding.message == "fill changes rows and its reverse does nothing: undo leaves the new values in place."
    assert finding.hint == 'ops.RecordedPython(fill, models=["shop.Product"])'


def test_a_function_that_does_nothing_is_a_noop():
    flagged("RM103", "migrations.RunPython(fill, lambda apps, schema_editor: None)")


def test_empty_sql_is_a_noop():
    finding = flagged("RM103", 'migrations.RunSQL("DELETE FROM shop_product", migrations.RunSQL.noop)')

    assert finding.hint == 'ops.RecordedSQL(..., models=["shop.Product"])'
    assert finding.message == "The SQL deletes rows and its reverse does nothing: undo does not bring them back."


@pytest.mark.parametrize(
    "sql", ["DELETE FROM shop_product; UPDATE shop_product SET name = ''", "UPDATE shop_product SET x = 1"]
)
def test_sql_that_changes_what_it_leaves(sql):
    assert "leaves the new values in place" in flagged("RM103", f'migrations.RunSQL("{sql}", "")').message


FILE = """
def fill(apps, schema_editor):
    Product = apps.get_model("shop", "Product")
    for product in Product.objects.filter(name=""):
        {body}

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
"""


def test_rows_that_are_only_deleted():
    finding = flagged("RM103", FILE.format(body="product.delete()"))

    assert finding.message == "fill deletes rows and its reverse does nothing: undo does not bring them back."


def test_rows_that_are_changed_too():
    finding = flagged("RM103", FILE.format(body="product.save() if product.price else product.delete()"))

    assert finding.message == "fill changes rows and its reverse does nothing: undo leaves the new values in place."


def test_rows_of_a_relation_are_of_a_model_to_be_named():
    related = "product.parts.update(name='')"

    assert flagged("RM103", FILE.format(body=related)).hint == "ops.RecordedPython(fill, models=[...])"
    both = flagged("RM103", FILE.format(body=f"product.save(); {related}"))
    assert both.hint == 'ops.RecordedPython(fill, models=["shop.Product", ...])'


def test_code_of_another_file_may_change_rows():
    finding = flagged(
        "RM103",
        """
        from shop.filling import fill

        class Migration(migrations.Migration):
            dependencies = [("shop", "0001_initial")]
            operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
        """,
    )

    assert finding.message.startswith("fill may change rows")


@pytest.mark.parametrize(
    "change",
    [
        "change(query=Product.objects.all())",
        "change(node=1, query=Product.objects.all())",
        "chosen(Product).update(name='')",
        "query = chosen(Product)\n    query.update(name='')",
        "query = None or Product.objects.all()\n    query.update(name='')",
        "query = None if apps.is_large else Product.objects.all()\n    query.update(name='')",
        "management.call_command('loaddata', 'products')",
    ],
)
def test_however_the_rows_are_reached(change):
    flagged(
        "RM103",
        f"""
from django.core import management

def chosen(model):
    return model.objects.filter(name="x")

def change(node=None, *, query):
    query.update(name="")

def forward(apps, schema_editor):
    Product = apps.get_model("shop", "Product")
    {change}

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunPython(forward, migrations.RunPython.noop)]
        """,
    )


def test_what_a_function_gives_that_is_no_query_changes_nothing():
    silent(
        "RM103",
        """
        def names(apps):
            return {each.name: 1 for each in apps.get_model("shop", "Product").objects.all()}

        def forward(apps, schema_editor):
            found = names(apps)
            found.update(x=1)

        class Migration(migrations.Migration):
            dependencies = [("shop", "0001_initial")]
            operations = [migrations.RunPython(forward, migrations.RunPython.noop)]
        """,
    )


def test_what_a_function_inside_another_knows_by_the_names_around_it():
    finding = flagged(
        "RM103",
        """
        def forward(apps, schema_editor):
            products = apps.get_model("shop", "Product").objects.using(schema_editor.connection.alias)

            def rename(kept):
                products.exclude(pk=kept).update(name="")

            rename(1)

        class Migration(migrations.Migration):
            dependencies = [("shop", "0001_initial")]
            operations = [migrations.RunPython(forward, migrations.RunPython.noop)]
        """,
    )

    assert finding.message.startswith("forward changes rows")
    assert finding.hint == 'ops.RecordedPython(forward, models=["shop.Product"])'


def test_a_forward_that_changes_nothing_has_nothing_to_take_back():
    silent("RM103", "migrations.RunPython(look, migrations.RunPython.noop)")


def test_a_forward_that_is_noop_itself():
    silent("RM103", "migrations.RunPython(migrations.RunPython.noop, fill)")


def test_a_reverse_that_does_something():
    silent("RM103", "migrations.RunPython(fill, fill)")


def test_sql_that_changes_no_rows():
    silent("RM103", 'migrations.RunSQL("CREATE EXTENSION hstore", migrations.RunSQL.noop)')
