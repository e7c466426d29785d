"""A field that is removed, and that the code of the apps still names."""

import pytest

from reversible_migrations.lint.linter import lint
from reversible_migrations.lint.options import Options
from reversible_migrations.lint.project import loaded_project
from reversible_migrations.lint.rules.rm406 import RemovedStillUsed
from reversible_migrations.lint.source_project import source_projects
from tests.lint.reading import INITIAL, migration

MODELS = """
from django.db import models

class Product(models.Model):
    name = models.CharField(max_length=100)
{more}
"""
IMPORTED = "from .models import Product\n"


def findings(project, is_new=True):
    for subject in project.migrations.values():
        subject.is_new = is_new
    return lint(project, Options(rules=(RemovedStillUsed(),))).findings


@pytest.fixture
def found(written, monkeypatch):
    """Return a function that writes files of the app, and returns what the rule finds."""

    def find(files, operations='migrations.RemoveField("Product", "price")', more=""):
        given = {
            "shop/migrations/0001_initial.py": INITIAL,
            "shop/migrations/0002_x.py": migration(operations),
            "shop/models.py": MODELS.format(more=more),
        }
        folder = written({**given, **files})
        monkeypatch.chdir(folder)
        return findings(*source_projects(["shop"]))

    return find


def test_the_places_are_told(found):
    code = f"{IMPORTED}\ndef cheap():\n    return Product.objects.filter(price__lt=1).order_by('price')\n"

    (finding,) = found({"shop/a.py": code, "shop/b.py": code, "shop/c.py": code, "shop/d.py": code})

    assert finding.message == (
        "shop.Product.price is removed, and code still uses it: shop/a.py:4, shop/b.py:4, shop/c.py:4 and 1 more."
    )
    assert finding.hint == "Take price out of shop/a.py:4 and the others a release before."
    assert (finding.migration, finding.operation) == ("0002_x", "1")


@pytest.mark.parametrize(
    "code",
    [
        "def f():\n    return Product.objects.get(pk=1).price",
        "def f():\n    product = Product.objects.get(pk=1)\n    return product.price",
        "def f():\n    return Product.objects.values_list('price')",
        "class V:\n    def get(self):\n        return [each.price for each in Product.objects.all()]",
        "class V:\n    queryset = Product.objects.only('name', 'price')",
        "cheap = Product.objects.filter(price=1)",
        "class F(ModelForm):\n    class Meta:\n        model = Product\n        fields = ['name', 'price']",
        "@admin.register(Product)\nclass A(ModelAdmin):\n    list_display = ['name', 'price']",
        "@admin.register(Product)\nclass A(ModelAdmin):\n    search_fields = ['=price__x']",
    ],
)
def test_ways_to_use_it(code, found):
    assert len(found({"shop/code.py": f"from shop.models import Product\n{code}\n"})) == 1


def test_the_model_itself(found):
    more = "    def total(self):\n        return self.price * 2"

    (finding,) = found({}, more=more)

    assert "shop/models.py:7." in finding.message


def test_a_template(found):
    (finding,) = found({"shop/templates/a.html": "<p>\n{% if x %}{{ product.price|upper }}{% endif %}"})

    assert "shop/templates/a.html:2." in finding.message


@pytest.mark.parametrize(
    "code",
    [
        "def f(order):\n    return order.price",
        "def f():\n    return Product.objects.filter(name='price')",
        "def f():\n    return Product.objects.annotate(price=Value(1))",
        "from other.models import Product\ndef f():\n    return Product.objects.filter(price=1)",
        "class F(Form):\n    price = X()\n    class Meta:\n        model = Product\n        fields = ['price']",
        "@admin.register(Product)\nclass A(ModelAdmin):\n    list_display = ['price']\n    def price(self, x): ...",
        "def f(",
    ],
)
def test_what_may_mean_another(code, found):
    assert found({"shop/code.py": f"{IMPORTED}{code}\n"}) == []


def test_text_of_a_template_is_no_use(found):
    assert found({"shop/templates/a.html": "product.price {{ my_product.price }} {{ product.price_tag }}"}) == []


USED = {"shop/code.py": f"{IMPORTED}cheap = Product.objects.filter(price=1)\n"}


def test_what_was_removed_long_ago_is_not_looked_for(found):
    assert len(found(USED)) == 1

    assert findings(*source_projects(["shop"]), is_new=False) == []


def test_migrations_may_use_it(found):
    reading = migration('migrations.RunSQL("", "")').replace(
        "def fill", "from shop.models import Product\nx = Product.objects.filter(price=1)\n\ndef fill"
    )

    assert found({"shop/migrations/0003_y.py": reading}) == []


def test_a_field_that_is_there_again(found):
    again = 'migrations.AddField("Product", "price", models.IntegerField(null=True))'

    assert found(USED, operations=f'migrations.RemoveField("Product", "price"),\n{again},') == []


def test_a_model_that_has_it_all_the_same(found):
    assert found(USED, more="    price = 3") == []
    assert found({**USED, "shop/models.py": MODELS.format(more="").replace("models.Model", "Priced")}) == []
    assert found({**USED, "shop/models.py": ""}) == []


def test_installed_models_are_asked(installed):
    app = "from django.db import models\nclass Bread(models.Model):\n    name = models.CharField(max_length=20)\n"
    used = "from .models import Bread\nlong = Bread.objects.filter(length=1)\nnamed = Bread.objects.filter(name='')\n"
    first = """
class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Bread", [
            ("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=20)),
            ("length", models.IntegerField()),
        ]),
        migrations.RemoveField("Bread", "length"),
        migrations.RemoveField("Bread", "name"),
    ]
"""
    files = {"bakery/models.py": app, "bakery/code.py": used, "bakery/migrations/0001_initial.py": first}
    installed(files, "bakery")

    (finding,) = findings(loaded_project(["bakery"]))

    assert finding.message.startswith("bakery.Bread.length is removed, and code still uses it:")
