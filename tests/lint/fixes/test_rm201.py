"""AddIndex becomes AddIndexConcurrently, in a migration without a transaction."""

import pytest

CODE = "RM201"

FILE = """\
from django.db import migrations, models


class Migration(migrations.Migration):

    # what comes first
    dependencies = [("shop", "0001_initial")]

    operations = [
        {operation},
    ]
"""
INDEX = 'models.Index(fields=["name"], name="product_name")'
ADDED = f'migrations.AddIndex("product", {INDEX})'
CONCURRENT = f'AddIndexConcurrently("product", {INDEX})'
OURS = "from django.contrib.postgres.operations import AddIndexConcurrently\n"


@pytest.fixture(autouse=True)
def on_postgresql(on_database):
    on_database("postgresql")


def fixed(text):
    text = text.replace(ADDED, CONCURRENT).replace("from django.db import", f"{OURS}from django.db import", 1)
    return text.replace("Migration):\n\n    # what", "Migration):\n\n    atomic = False\n\n    # what")


def test_the_migration_gives_up_its_transaction(mended):
    text = FILE.format(operation=ADDED)

    mended(text, fixed(text))


def test_several_at_once(mended):
    second = ADDED.replace("product_name", "product_other")
    text = FILE.format(operation=f"{ADDED},\n        {second}")

    mended(text, fixed(text).replace(second, CONCURRENT.replace("product_name", "product_other")))


def test_a_migration_without_a_transaction_stays_so(mended):
    text = FILE.replace("\n    # what comes first", "    atomic = False  # long").format(operation=ADDED)

    mended(text, fixed(text))


def test_what_leaves_the_database_as_it_is_needs_no_transaction(mended):
    text = FILE.format(operation=f'{ADDED},\n        migrations.AlterModelOptions("product", {{"ordering": ["name"]}})')

    mended(text, fixed(text))


def test_a_docstring_stays_first(mended):
    text = FILE.format(operation=ADDED).replace("Migration):\n", 'Migration):\n    """Quicker lists."""\n')

    mended(text, fixed(text).replace('lists."""\n\n', 'lists."""\n\n    atomic = False\n\n', 1))


def test_the_name_joins_others_of_its_module(mended):
    others = "from django.contrib.postgres.operations import BtreeGinExtension, UnaccentExtension  # both\n"
    joined = others.replace("import ", "import AddIndexConcurrently, ")
    text = others + FILE.format(operation=ADDED) + "\n\nused = BtreeGinExtension, UnaccentExtension\n"

    mended(text, fixed(text).replace(OURS, "").replace(others, joined))


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        (f'{ADDED},\n        migrations.RunSQL("SELECT 1", "")', "Raw SQL operation. Give the index a migration"),
        (f'migrations.AddField("product", "x", models.TextField(null=True)),\n        {ADDED}', "Add field x"),
    ],
)
def test_what_needs_the_transaction(operation, why, left):
    left(FILE.format(operation=operation), why)


def test_a_transaction_that_is_asked_for(left):
    text = FILE.format(operation=ADDED).replace("    # what", "    atomic = True\n    # what")

    left(text, "asks for a transaction")


def test_another_database_has_no_such_indexes(left, on_database):
    on_database("sqlite3")

    left(FILE.format(operation=ADDED), "has no such indexes")
