"""Schema and rows changed in one transaction."""

import pytest

from tests.lint.reading import flagged, silent

ADD = 'migrations.AddField("Product", "x", models.IntegerField(null=True))'
FILL = "migrations.RunPython(fill, fill)"
FILE = """
def fill(apps, schema_editor):
    apps.get_model("shop", "Product").objects.update(name="")

class Migration({base}):
    dependencies = [("shop", "0001_initial")]
    {attribute}
    operations = [
        {first},
        {second},
    ]
"""


def both(first, second, base="migrations.Migration", attribute=""):
    return FILE.format(first=first, second=second, base=base, attribute=attribute)


def test_the_lock_is_held_until_the_rows_are_changed():
    finding = flagged("RM305", both(ADD, FILL))

    assert finding.message == (
        "Add field x to Product locks shop_product, and the lock is held until fill has changed all its rows."
    )
    assert finding.hint == "Move fill to a migration of its own."
    assert finding.operation == "2"


@pytest.mark.parametrize(
    "change",
    [
        'migrations.AlterField("Product", "name", models.TextField())',
        'migrations.RemoveField("Product", "name")',
        'migrations.SeparateDatabaseAndState([migrations.DeleteModel("Product")])',
        'migrations.AddIndex("Product", models.Index(fields=["name"], name="by_name"))',
        'migrations.RemoveConstraint("Product", "positive")',
        'migrations.RunSQL("ALTER TABLE shop_product ADD COLUMN x integer", "")',
    ],
)
def test_rows_whose_triggers_are_pending(change):
    assert '"pending trigger events"' in flagged("RM305", both(FILL, change)).message


def test_sql_that_changes_rows():
    assert "until the SQL has" in flagged("RM305", both(ADD, 'migrations.RunSQL("DELETE FROM a WHERE b", "")')).message


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('migrations.AlterField("Product", "name", models.CharField("Name", max_length=100))', FILL),
        ('migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True))])', FILL),
        ('migrations.AlterField("Product", "name", models.CharField(max_length=100, default="a"))', FILL),
        ('migrations.AddField("Product", "tags", models.ManyToManyField("shop.Product"))', FILL),
        (f"migrations.SeparateDatabaseAndState(state_operations=[{ADD}])", FILL),
        (ADD, "migrations.RunPython(lambda apps, schema_editor: print('x'), migrations.RunPython.noop)"),
        (ADD, 'migrations.RunSQL("CREATE VIEW v AS SELECT 1", "DROP VIEW v")'),
    ],
)
def test_what_locks_nothing_or_changes_no_rows(first, second):
    silent("RM305", both(first, second))


def test_each_in_a_transaction_of_its_own():
    silent("RM305", both(ADD, FILL, attribute="atomic = False"))
    silent("RM305", both(ADD, 'ops.UpdateRows("Product", {"x": 1})', base="ReversibleMigration"))
    silent("RM305", ADD, FILL)


def test_a_many_to_many_that_goes_locks_its_table():
    added = 'migrations.AddField("Product", "tags", models.ManyToManyField("shop.Product"))'
    message = flagged("RM305", added, both('migrations.RemoveField("Product", "tags")', FILL)).message

    assert "locks shop_product_tags" in message
