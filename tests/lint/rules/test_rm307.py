"""A method or manager of the project's own on a model of ``apps``."""

import pytest

from tests.lint.reading import flagged, silent

FILE = """
from django.db.models.signals import post_save
from shop.receivers import receiver

def fill(apps, schema_editor):
    Product = apps.get_model("shop", "{model}")
    {body}

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
"""


def code(body, model="Product"):
    return FILE.format(body=body, model=model)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("for product in Product.objects.all(): product.tidy()", "calls tidy() of a shop.Product"),
        ("product = Product.objects.get(pk=1); product.tidy(); product.tidy()", "calls tidy() of a shop.Product"),
        ("Product.build(name='')", "calls shop.Product.build()"),
        ("Product.published.filter(name='')", "uses the manager shop.Product.published"),
        ("Product.objects.published()", "calls published() of shop.Product.objects"),
        ("Product.objects.filter(name='').published().update(name='')", "calls published() of shop.Product.objects"),
    ],
)
def test_what_models_of_migrations_do_not_have(body, what):
    found = {(each.message, each.hint) for each in [flagged("RM307", code(body))]}

    assert found == {
        (
            f"fill {what}, which models of migrations do not have.",
            "Write in fill what it does, with fields and query sets only.",
        )
    }


def test_receivers_that_hear_nothing():
    finding = flagged("RM307", code("post_save.disconnect(receiver, sender=Product)"))

    assert "no receiver of the project's models hears them" in finding.message


@pytest.mark.parametrize(
    "body",
    [
        "Product.objects.filter(name='').order_by('pk').update(name='')",
        "Product.objects.first().get_name_display()",
        "Product.objects.first().save(); Product(name='').full_clean()",
        "Product._meta.get_field('name'); Product._default_manager.count()",
        "Product.name.through.objects.all()",
        "Product.shelf_set.all()",
        "rows = list(Product.objects.all()); rows.append(1); rows.sort()",
        "row = next(iter(Product.objects.all())); row.save()",
        "product = Product.objects.first(); product.name.strip()",
        "try: Product.objects.get(pk=1)\n    except Product.DoesNotExist: pass",
        "from django.apps import apps as real; real.get_model('shop', 'Product').build()",
        "apps.get_model('other', 'Thing').build()",
    ],
)
def test_what_they_have_or_may_have(body):
    silent("RM307", code(body))


@pytest.mark.parametrize(
    "options", ["bases=(Tidy, models.Model)", 'managers=[("published", models.Manager())]', 'bases=("other.thing",)']
)
def test_models_with_bases_or_managers_of_their_own(options):
    made = f"""
    class Tidy:
        pass

    class Migration(migrations.Migration):
        dependencies = [("shop", "0001_initial")]
        operations = [migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True))], {options})]
    """

    silent("RM307", made, code("Product.objects.first().tidy(); Product.published.all()", model="Shelf"))
