"""RemoveField becomes RetireField."""

import pytest

CODE = "RM105"

FILE = """\
from datetime import date

from django.db import migrations

from .other import thing


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]

    operations = [
        {operation}
    ]
"""
OURS = "from reversible_migrations import operations as ops\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('migrations.RemoveField("Product", "price"),', 'ops.RetireField("Product", "price"),'),
        (
            'migrations.RemoveField(model_name="product",name = "price")  # unused',
            'ops.RetireField(model_name="product",name = "price")  # unused',
        ),
        (
            "migrations.RemoveField(\n            # since June\n            'product',\n            'price', )",
            "ops.RetireField(\n            # since June\n            'product',\n            'price', )",
        ),
        (
            'migrations.SeparateDatabaseAndState([migrations.RemoveField("product", "price")], [])',
            'migrations.SeparateDatabaseAndState([ops.RetireField("product", "price")], [])',
        ),
        (
            'migrations.RemoveField("product", "price"), migrations.RemoveField("product", "name")',
            'ops.RetireField("product", "price"), ops.RetireField("product", "name")',
        ),
    ],
)
def test_it_takes_the_same_arguments(before, after, mended):
    text = FILE.replace("from .other import thing\n\n", "").replace("from datetime import date\n\n", "")

    mended(
        text.format(operation=before),
        text.format(operation=after).replace("import migrations\n", f"import migrations\n{OURS}"),
    )


def test_the_import_comes_where_isort_has_it(shop):
    text, left = shop.mend(FILE.replace("from .other import thing\n\n", "").format(
        operation='migrations.RemoveField("product", "price")'
    ))  # fmt: skip

    assert text.startswith(f"from datetime import date\n\nfrom django.db import migrations\n{OURS}\n\nclass")
    assert left == []


def test_what_is_accepted_by_a_comment_stays(shop):
    text = FILE.replace("from .other import thing\n\n", "").format(
        operation='migrations.RemoveField("product", "price")  # reversible: ignore RM105 -- it was never filled'
    )

    assert shop.mend(text) == (text, [])


def test_the_primary_key_cannot_be_retired(left):
    text = FILE.replace("from .other import thing\n\n", "")

    left(text.format(operation='migrations.RemoveField("product", "id"),'), "primary key")


def test_a_class_of_the_projects_own_is_left(left):
    text = FILE.replace("from .other import thing\n\n", "class Drop(migrations.RemoveField):\n    pass\n\n\n")

    left(text.format(operation='Drop("product", "price"),'), "of the project's own")


def test_a_class_behind_an_alias_of_a_module(mended):
    text = FILE.replace("from .other import thing\n\n", "").replace("import migrations", "import migrations as m")
    text = text.replace("migrations.Migration", "m.Migration")

    mended(
        text.format(operation='m.RemoveField("product", "price")'),
        text.replace("migrations as m\n", f"migrations as m\n{OURS}").format(
            operation='ops.RetireField("product", "price")'
        ),
    )


OTHER = FILE.replace("from .other import thing\n\n", "").replace("from datetime import date\n\n", "")
OTHER = OTHER.format(operation='{kind}.{operation}("product", "price")').replace(
    '    dependencies = [("shop", "0001_initial")]\n\n', "    {dependencies}\n"
)
LEDGER = '("reversible_migrations", "0001_initial")'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            'dependencies = [\n        ("shop", "0001_initial"),  # one\n        # no more\n    ]',
            f'dependencies = [\n        ("shop", "0001_initial"),  # one\n        # no more\n        {LEDGER},\n    ]',
        ),
        (
            'dependencies = [\n        ("shop", "0001_initial")\n    ]',
            f'dependencies = [\n        ("shop", "0001_initial"),\n        {LEDGER}\n    ]',
        ),
        ('dependencies = [("shop", "0001_initial"),]', f'dependencies = [("shop", "0001_initial"), {LEDGER}]'),
        (
            f'dependencies = [{LEDGER}, ("shop", "0001_initial")]',
            f'dependencies = [{LEDGER}, ("shop", "0001_initial")]',
        ),
    ],
)
def test_the_migration_comes_to_depend_on_the_ledger(before, after, shop):
    text, left = shop.mend(OTHER.format(kind="migrations", operation="RemoveField", dependencies=before))

    after = OTHER.format(kind="ops", operation="RetireField", dependencies=after)
    assert text == after.replace("import migrations\n", f"import migrations\n{OURS}")
    assert left == []


def test_dependencies_that_code_makes(left):
    given = 'dependencies = list([("shop", "0001_initial")])'

    left(OTHER.format(kind="migrations", operation="RemoveField", dependencies=given), "has to depend on")
