"""Steps of a patch that rows decide."""

import pytest

from tests.lint.reading import flagged, silent

FILE = """
from django.conf import settings
from reversible_migrations import ReversibleDataPatch

class Migration(ReversibleDataPatch):
    dependencies = [("shop", "0001_initial")]

    def patch(self, apps, patch):
        Product = apps.get_model("shop", "Product")
        {body}
"""
UPDATE = "patch.update(Product.objects.filter(name=''), name='a')"


def patch(body):
    return FILE.format(body=body.replace("UPDATE", UPDATE))


def test_a_step_behind_a_look_at_the_rows():
    finding = flagged("RM310", patch("if Product.objects.filter(name='').exists(): UPDATE"))

    assert finding.message.startswith("Whether patch() comes to its step update() depends on rows")
    assert finding.hint == "Put the condition into the query set: patch.update(Model.objects.filter(...), ...)"


@pytest.mark.parametrize(
    "body",
    [
        "number = Product.objects.count()\n        if number > 3: UPDATE",
        "for product in Product.objects.all(): patch.delete(Product.objects.filter(name=product.name))",
        "for pk in Product.objects.values_list('pk', flat=True): patch.delete(Product.objects.filter(pk=pk))",
        "while Product.objects.filter(name='').exists(): UPDATE",
        "if not Product.objects.exists(): return\n        UPDATE",
        "for part in range(Product.objects.count()): UPDATE",
        "if Product.objects.exists():\n            with patch.record(Product): pass",
    ],
)
def test_however_rows_decide(body):
    flagged("RM310", patch(body))


@pytest.mark.parametrize(
    "body",
    [
        "UPDATE",
        "if settings.DEBUG: UPDATE",
        "if UPDATE: UPDATE",  # the result of a step is written down
        "for name in ('a', 'b'): UPDATE",
        "for rows in (Product.objects.filter(name='a'), Product.objects.filter(name='b')): patch.delete(rows)",
        "with patch.record(Product):\n            for product in Product.objects.all(): product.save()",
        "for Model in (Product, Product): patch.delete(Model.objects.all())",
        "if Product.objects.exists(): print('x')\n        UPDATE",
    ],
)
def test_steps_that_are_always_the_same(body):
    silent("RM310", patch(body))
