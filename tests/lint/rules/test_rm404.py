"""A column or table that is added after the new code has begun to run."""

import pytest

from tests.lint.reading import flagged, silent

IN_PHASE = """
class Migration(ZeroDowntimeMigration):
    dependencies = [("shop", "0001_initial")]
    {phase} = [{operation}]
"""
NULLABLE = 'migrations.AddField("Product", "size", models.IntegerField(null=True))'
NOT_NULL = 'migrations.AddField("Product", "size", models.IntegerField(default=1))'
MADE = 'migrations.CreateModel("Box", [("id", models.BigAutoField(primary_key=True))])'
ON_MADE = 'migrations.AddField("Box", "size", models.IntegerField(null=True))'


def in_phase(phase, *operations):
    return IN_PHASE.format(phase=phase, operation=", ".join(operations))


def test_a_column():
    finding = flagged("RM404", in_phase("cleanup", NULLABLE))

    assert finding.message == (
        "shop_product.size is added in cleanup: the new code runs before that, and its queries of shop_product fail."
    )
    assert finding.hint == 'Add it in `prepare`: AddField("product", "size", ...).'


def test_a_column_that_old_code_cannot_fill():
    assert flagged("RM404", in_phase("switch", NOT_NULL)).hint == (
        'Add it in `prepare`: AddField("product", "size", ...) with null=True or a db_default, '
        'and in `switch` AlterField("product", "size", ...).'
    )


def test_a_table_is_told_once():
    finding = flagged("RM404", in_phase("migrate_data", MADE, ON_MADE))

    assert finding.message == (
        "shop_box is made in migrate_data: the new code runs before that, and every query of it fails."
    )


def test_a_migration_that_says_its_phase():
    flagged(
        "RM404",
        f"""
class Migration(ReversibleMigration):
    dependencies = [("shop", "0001_initial")]
    phase = "cleanup"
    operations = [{NULLABLE}]
""",
    )


@pytest.mark.parametrize(
    ("phase", "operations"),
    [
        ("prepare", [NULLABLE]),
        ("prepare", [MADE, ON_MADE]),
        ("switch", ['migrations.AlterField("Product", "name", models.CharField(max_length=10))']),
        ("cleanup", ['migrations.RemoveField("Product", "price")']),
        ("migrate_data", [NULLABLE, 'migrations.RemoveField("Product", "size")']),  # only the migration uses it
        ("cleanup", [f"migrations.SeparateDatabaseAndState([], [{NULLABLE}])"]),
        ("cleanup", [MADE.replace(")])", ')], options={"managed": False})')]),
    ],
)
def test_what_new_code_does_not_wait_for(phase, operations):
    silent("RM404", in_phase(phase, *operations))


def test_an_ordinary_migration():
    silent("RM404", NULLABLE)
