"""A model as the newest code has it, in a migration."""

import pytest

from tests.lint.reading import flagged, silent

USING = """
{imported}

def fill(apps, schema_editor):
    {used}

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunPython(fill, fill)]
"""


def using(imported, used):
    return USING.format(imported=imported, used=used)


def test_it_is_asked_of_apps_instead():
    finding = flagged("RM301", using("from shop.models import Product", "Product.objects.update(name='')"))

    assert finding.message.startswith("fill uses Product of shop.models as the newest code has it")
    assert finding.hint == 'Product = apps.get_model("shop", "Product")'
    assert finding.line == 9  # where it is used


@pytest.mark.parametrize(
    ("imported", "used", "model"),
    [
        ("from ..models import Product", "Product.objects.all()", '"shop", "Product"'),
        ("from .. import models as ours", "ours.Product.objects.all()", '"shop", "Product"'),
        ("from a.b.stock import models", "models.Shelf.objects.all()", '"stock", "Shelf"'),
        ("import stock.models", "stock.models.Shelf.objects.all()", '"stock", "Shelf"'),
        ("from stock.models.shelves import Shelf as S", "S(name='').save()", '"stock", "Shelf"'),
        ("", "from stock.models import Shelf; Shelf.objects.all()", '"stock", "Shelf"'),
        ("from django.contrib.auth.models import User", "User.objects.all()", '"auth", "User"'),
        ("from django.contrib.auth import get_user_model", "get_user_model().objects.all()", "AUTH_USER_MODEL"),
    ],
)
def test_however_it_is_imported(imported, used, model):
    assert model in flagged("RM301", using(imported, used)).hint


def test_choices_and_constants_of_a_module_of_models_do_no_harm():
    silent("RM301", using("from shop.models import Status, LIMIT", "print(Status.OPEN, LIMIT)"))


def test_a_model_that_is_not_used():
    silent("RM301", using("from shop.models import Product", 'apps.get_model("shop", "Product").objects.all()'))


def test_a_name_that_the_function_gives_to_the_model_of_apps():
    silent(
        "RM301",
        using(
            "from shop.models import Product",
            'Product = apps.get_model("shop", "Product"); Product.objects.all()',
        ),
    )
