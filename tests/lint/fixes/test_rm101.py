"""RunPython without a reverse becomes RecordedPython."""

import pytest

CODE = "RM101"

FILE = '''\
"""Fills names."""

from django.db import migrations


def fill(apps, schema_editor):
    apps.get_model("shop", "Product").objects.update(name="")


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]

    operations = [
        {operation},
    ]
'''
IMPORTED = "from django.db import migrations\nfrom reversible_migrations import operations as ops\n"


def fixed(text):
    return text.replace("from django.db import migrations\n", IMPORTED)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("migrations.RunPython(fill)", 'ops.RecordedPython(fill, models=["shop.Product"])'),
        ("migrations.RunPython( fill )", 'ops.RecordedPython( fill, models=["shop.Product"] )'),
        ("migrations.RunPython(code=fill)", 'ops.RecordedPython(function=fill, models=["shop.Product"])'),
        ("migrations.RunPython(fill, None)", 'ops.RecordedPython(fill, models=["shop.Product"])'),
        (
            "migrations.RunPython(fill, reverse_code=None, hints={'a': 1})",
            "ops.RecordedPython(fill, hints={'a': 1}, models=[\"shop.Product\"])",
        ),
        (
            "migrations . RunPython(  # odd\n          fill,  # fills\n          # and no more\n        )",
            "ops.RecordedPython(  # odd\n          fill,  # fills\n          # and no more\n"
            '          models=["shop.Product"],\n        )',
        ),
        (
            "migrations.RunPython(\n            fill\n        )",
            'ops.RecordedPython(\n            fill,\n            models=["shop.Product"]\n        )',
        ),
        (
            "migrations.SeparateDatabaseAndState(database_operations=[migrations.RunPython(fill)])",
            "migrations.SeparateDatabaseAndState("
            'database_operations=[ops.RecordedPython(fill, models=["shop.Product"])])',
        ),
    ],
)
def test_how_it_is_written(before, after, mended):
    mended(FILE.format(operation=before), fixed(FILE.format(operation=after)))


def test_the_import_that_nothing_needs_any_more_goes(mended):
    text = FILE.format(operation="RunPython(fill)")
    text = text.replace("import migrations\n", "import migrations\nfrom django.db.migrations import RunPython\n")

    mended(text, fixed(FILE.format(operation='ops.RecordedPython(fill, models=["shop.Product"])')))


def test_an_import_that_is_needed_elsewhere_stays(mended):
    both = "from django.db.migrations import RunPython as Run, RunSQL"
    text = FILE.format(operation='Run(fill),\n        Run(fill, Run.noop),\n        RunSQL("SELECT 1", "")')
    after = text.replace("Run(fill),", 'ops.RecordedPython(fill, models=["shop.Product"]),')
    ours = "from reversible_migrations import operations as ops"

    mended(
        text.replace("import migrations\n", f"import migrations\n{both}\n"),
        after.replace("import migrations\n", f"import migrations\n{both}\n{ours}\n"),
    )


def test_ops_that_are_imported_under_another_name(mended):
    ours = "from django.db import migrations\nfrom reversible_migrations import operations as reversible\n"
    text = FILE.format(operation="migrations.RunPython(fill)").replace("from django.db import migrations\n", ours)

    mended(text, text.replace("migrations.RunPython(fill)", 'reversible.RecordedPython(fill, models=["shop.Product"])'))


def test_a_name_that_is_taken(mended):
    text = FILE.format(operation="migrations.RunPython(fill)") + "\n\nops = 1\n"
    ours = "from reversible_migrations import operations as reversible_ops\n"
    after = text.replace("import migrations\n", f"import migrations\n{ours}")

    mended(
        text,
        after.replace("migrations.RunPython(fill)", 'reversible_ops.RecordedPython(fill, models=["shop.Product"])'),
    )


def test_line_ends_and_letters_stay(mended):
    text = FILE.replace("Fills names.", "Füllt Namen: 名前.").replace("\n", "\r\n")
    ours = IMPORTED.replace("\n", "\r\n")

    mended(
        text.format(operation="(  migrations.RunPython(fill) )"),
        text.replace("from django.db import migrations\r\n", ours).format(
            operation='(  ops.RecordedPython(fill, models=["shop.Product"]) )'
        ),
    )


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        ("migrations.RunPython(fill, elidable=True)", "`elidable`"),
        ("migrations.RunPython(fill, atomic=False)", "`atomic`"),
        ("migrations.RunPython(*[fill])", "`*`"),
        ("migrations.RunPython(lambda apps, schema_editor: None)", "changes no rows"),
        ('migrations.RunPython(lambda apps, schema_editor: schema_editor.execute("UPDATE x SET y = 1"))', "SQL"),
        ("migrations.RunPython(elsewhere)", "cannot be read"),
        ("migrations.RunPython(lambda apps, schema_editor: clean(apps))", "calls clean"),
        ('migrations.RunPython(lambda apps, _: apps.get_model("shop", "Gone").objects.update(a=1))', "shop.Gone"),
    ],
)
def test_what_has_more_than_one_answer(operation, why, left):
    text = FILE.format(operation=operation)
    outside = "from django.db import migrations\nfrom shop.tidying import clean, elsewhere\n"

    left(text.replace("from django.db import migrations\n", outside), why)


def test_rows_of_other_models_may_go_with_those_that_are_deleted(left):
    made = (
        'migrations.CreateModel("Sale", [("id", models.BigAutoField(primary_key=True)), '
        '("product", models.ForeignKey("shop.Product", models.CASCADE))]),\n        '
    )
    text = FILE.replace('.update(name="")', '.filter(name="").delete()').replace("import migr", "import models, migr")

    left(text.format(operation=made + "migrations.RunPython(fill)"), "rows of other models may go")


def test_rows_that_nothing_refers_to_may_be_deleted(mended):
    text = FILE.replace('.update(name="")', '.filter(name="").delete()')

    mended(
        text.format(operation="migrations.RunPython(fill)"),
        fixed(text.format(operation='ops.RecordedPython(fill, models=["shop.Product"])')),
    )


def test_an_operation_that_is_made_elsewhere_is_left(left):
    made = "operation = migrations.RunPython(fill)\n\n\nclass Migration"

    left(FILE.format(operation="operation").replace("class Migration", made), "made by code")
