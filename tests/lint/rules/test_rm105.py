"""A removed field whose values nobody keeps."""

from tests.lint.reading import flagged, silent

IN_BASE = """
class Migration({base}):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RemoveField("Product", "price")]
"""


def test_the_values_are_lost():
    finding = flagged("RM105", IN_BASE.format(base="migrations.Migration"))

    assert finding.message == "shop_product loses the values of price: undo brings back an empty column."
    assert finding.hint == 'ops.RetireField("product", "price")'


def test_one_that_is_nested():
    removed = 'migrations.RemoveField("Product", "price")'

    assert flagged("RM105", f"migrations.SeparateDatabaseAndState([{removed}])").operation == "1.1"


def test_our_base_classes_retire_it():
    silent("RM105", IN_BASE.format(base="ReversibleMigration"))


def test_a_retired_field_keeps_its_values():
    silent("RM105", 'ops.RetireField("product", "price")')


def test_a_field_that_goes_from_the_state_only():
    removed = 'migrations.RemoveField("Product", "price")'

    silent("RM105", f"migrations.SeparateDatabaseAndState(state_operations=[{removed}])")


def test_a_table_of_the_same_migration_has_no_values_yet():
    silent(
        "RM105",
        """
        migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField())]),
        migrations.RenameModel("Shelf", "Rack"),
        migrations.RemoveField("Rack", "n"),
        """,
    )


def test_a_many_to_many_has_a_table_or_shares_one():
    added = 'migrations.AddField("Product", "others", models.ManyToManyField("shop.Product"{}))'
    removed = 'migrations.RemoveField("Product", "others")'

    assert flagged("RM105", added.format(""), removed).message == (
        "shop_product_others is dropped with its rows: undo brings back an empty table."
    )
    assert "pairs is dropped" in flagged("RM105", added.format(', db_table="pairs"'), removed).message
    silent("RM105", added.format(', through="shop.Pair"'), removed)


def test_a_generated_column_is_computed_anew():
    generated = 'models.GeneratedField(expression=models.F("price"), output_field=models.FloatField(), db_persist=True)'

    silent(
        "RM105",
        f'migrations.AddField("Product", "double", {generated}),\nmigrations.RemoveField("Product", "double"),',
    )


def test_a_column_that_the_reverse_of_the_same_migration_fills_again():
    silent(
        "RM105",
        """
        def spend(apps, schema_editor):
            pass


        def give_back(apps, schema_editor):
            for product in apps.get_model("shop", "Product").objects.all():
                product.price = len(product.name)
                product.save()


        class Migration(migrations.Migration):
            dependencies = [("shop", "0001_initial")]
            operations = [
                migrations.RunPython(spend, give_back),
                migrations.RemoveField("Product", "price"),
            ]
        """,
    )
