"""The time of day, or chance, in a patch that is taken up again where it was interrupted."""

import pytest

from tests.lint.reading import flagged, silent

FILE = """
import random
from datetime import datetime, timedelta
from uuid import uuid4

from django.db.models.functions import Now
from django.utils import timezone
from reversible_migrations import ReversibleDataPatch

def named(product):
    product.name = str(uuid4())

class Migration(ReversibleDataPatch):
    dependencies = [("shop", "0001_initial")]

    def patch(self, apps, patch):
        Product = apps.get_model("shop", "Product")
        {body}
"""


def patch(body):
    return FILE.format(body=body)


@pytest.mark.parametrize(
    ("body", "called"),
    [
        ("patch.update(Product.objects.all(), name=timezone.now())", "timezone.now"),
        ("patch.delete(Product.objects.filter(made__lt=datetime.now()))", "datetime.now"),
        ("since = timezone.now() - timedelta(days=1); patch.delete(Product.objects.filter(a=since))", "timezone.now"),
        ("patch.update(Product.objects.all(), name=random.choice('ab'))", "random.choice"),
        ("patch.update(Product.objects.all(), name=uuid4())", "uuid4"),
    ],
)
def test_the_steps_are_others_when_it_goes_on(body, called):
    finding = flagged("RM309", patch(body))

    assert finding.message.startswith(f"patch() calls {called}(), which gives something else")
    assert finding.hint.startswith("Write the value down as a constant")


@pytest.mark.parametrize(
    "body",
    [
        "patch.transform(Product.objects.all(), named, fields=['name'])",
        "patch.transform(Product.objects.all(), lambda row: {'name': uuid4()}, fields=['name'])",
        "patch.create(Product, [{'name': uuid4()}])",
        "with patch.record(Product): Product.objects.create(name=uuid4())",
        "patch.update(Product.objects.all(), made=Now())",
        "random.seed(1)",
    ],
)
def test_what_is_written_down_with_the_rows_or_is_the_same(body):
    silent("RM309", patch(body))


def test_an_ordinary_migration_begins_anew():
    silent(
        "RM309",
        """
        from django.utils import timezone

        def fill(apps, schema_editor):
            apps.get_model("shop", "Product").objects.update(name=timezone.now())

        class Migration(migrations.Migration):
            dependencies = [("shop", "0001_initial")]
            operations = [migrations.RunPython(fill, fill)]
        """,
    )
