"""A model that is imported becomes the one of apps.get_model."""

import pytest

CODE = "RM301"

FILE = """\
from django.db import migrations
{imported}

def fill(apps, schema_editor):
{body}


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
"""
BODY = "    Product.objects.filter(price__gt=1).update(name='')  # all of them"
ASKED = '    Product = apps.get_model("shop", "Product")\n'
TOP = "\nfrom shop.models import Product\n"


def test_the_import_becomes_a_question(mended):
    mended(FILE.format(imported=TOP, body=BODY), FILE.format(imported="", body=ASKED + BODY))


def test_a_docstring_stays_first(mended):
    said = '    """Fill."""\n'

    mended(FILE.format(imported=TOP, body=said + BODY), FILE.format(imported="", body=said + ASKED + BODY))


def test_a_relative_import_of_the_own_app(mended):
    mended(
        FILE.format(imported="\nfrom ..models import Product\n", body=BODY), FILE.format(imported="", body=ASKED + BODY)
    )


def test_an_alias_stays_the_name(mended):
    mended(
        FILE.format(imported="\nfrom shop.models import Product as P\n", body="    P.objects.update(name='')"),
        FILE.format(imported="", body='    P = apps.get_model("shop", "Product")\n    P.objects.update(name=\'\')'),
    )


def test_an_import_inside_the_function(mended):
    mended(
        FILE.format(imported="", body=f"    from shop.models import Product\n\n{BODY}"),
        FILE.format(imported="", body=f"{ASKED}\n{BODY}"),
    )


def test_forwards_and_backwards_ask_for_their_own(mended):
    second = f"\n\ndef back(apps, schema_editor):\n{{asked}}{BODY}"
    before = FILE.format(imported=TOP, body=BODY + second.format(asked=""))
    after = FILE.format(imported="", body=ASKED + BODY + second.format(asked=ASKED))

    mended(before.replace("migrations.RunPython.noop", "back"), after.replace("migrations.RunPython.noop", "back"))


def test_what_else_is_imported_stays(shop):
    text, left = shop.mend(
        FILE.format(imported="\nfrom shop.models import LIMIT, Product\n", body=BODY.replace("=1", "=LIMIT"))
    )

    assert "from shop.models import LIMIT\n" in text
    assert ASKED in text
    assert left == []


@pytest.mark.parametrize(
    ("imported", "body", "why"),
    [
        (TOP, "    Product.published.update(name='')\n    Product.objects.update(name='')", "uses Product.published"),
        (TOP, "    for each in Product.objects.all():\n        each.recompute()", "calls each.recompute"),
        ("\nfrom shop.models import Gone\n", "    Gone.objects.update(name='')", "is no model before"),
        ("\nfrom shop import models\n", "    models.Product.objects.update(name='')", "not imported by its name"),
        (
            "\nfrom django.contrib.auth import get_user_model\n",
            "    get_user_model().objects.update(email='')",
            "settings.AUTH_USER_MODEL",
        ),
    ],
)
def test_what_the_old_model_may_not_have(imported, body, why, left):
    left(FILE.format(imported=imported, body=body), why)


def test_a_function_that_does_not_get_apps(left):
    text = FILE.format(imported=TOP, body="    tidy()").replace(
        "def fill", "def tidy():\n    Product.objects.update(name='')\n\n\ndef fill"
    )

    left(text, "does not get `apps`")
