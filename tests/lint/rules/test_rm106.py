"""A deleted model whose rows nobody keeps."""

from tests.lint.reading import flagged, silent

IN_BASE = """
class Migration({base}):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.DeleteModel("Product")]
"""


def test_the_rows_are_lost():
    finding = flagged("RM106", IN_BASE.format(base="migrations.Migration"))

    assert finding.message == "shop_product is dropped with its rows: undo brings back an empty table."
    assert finding.hint == 'ops.RetireModel("Product")'


def test_our_base_classes_retire_it():
    silent("RM106", IN_BASE.format(base="ReversibleMigration"))


def test_a_retired_model_keeps_its_rows():
    silent("RM106", 'ops.RetireModel("Product")')


def test_a_model_that_goes_from_the_state_only():
    silent("RM106", 'migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel("Product")])')


def test_a_table_that_django_does_not_manage():
    made = 'migrations.CreateModel("Old", [("id", models.BigAutoField(primary_key=True))], {"managed": False})'

    silent("RM106", made, 'migrations.DeleteModel("Old")')


def test_undo_comes_to_code_that_fills_it():
    silent("RM106", 'migrations.RunPython(look, fill),\nmigrations.DeleteModel("Product"),')
    flagged("RM106", 'migrations.RunPython(fill, look),\nmigrations.DeleteModel("Product"),')
