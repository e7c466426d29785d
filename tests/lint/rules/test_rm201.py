"""An index that is built while nobody may write to its table."""

from tests.lint.reading import flagged, silent

INDEX = 'models.Index(fields=["name"], name="product_name")'


def test_it_blocks_writes():
    finding = flagged("RM201", f'migrations.AddIndex("Product", {INDEX})')

    assert finding.message == "Building product_name blocks writes to shop_product."
    assert finding.hint.startswith(
        "AddIndexConcurrently(\"product\", models.Index(fields=['name'], name='product_name'))"
    )


def test_that_of_fields_together():
    finding = flagged("RM201", 'migrations.AlterIndexTogether("Product", {("name", "price")})')

    assert finding.message == "Building the index on name, price blocks writes to shop_product."
    assert finding.hint.startswith(
        "AddIndexConcurrently(\"product\", models.Index(fields=['name', 'price'], name='shop_product_name_price'))"
    )


def test_a_concurrent_one_does_not():
    silent(
        "RM201",
        f"""
        from django.contrib.postgres.operations import AddIndexConcurrently

        class Migration(migrations.Migration):
            atomic = False
            dependencies = [("shop", "0001_initial")]
            operations = [AddIndexConcurrently("Product", {INDEX})]
        """,
    )


ON_BASE = f"""
class Migration(SchemaMigration):
    {{attribute}}
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.AddIndex("Product", {INDEX})]
"""


def test_our_schema_migration_builds_it_concurrently_unless_it_says_otherwise():
    silent("RM201", ON_BASE.format(attribute=""))
    flagged("RM201", ON_BASE.format(attribute='blocking = "at night, nobody writes"'))


def test_a_table_of_the_same_migration_is_not_used_yet():
    made = 'migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True))])'

    silent("RM201", f'{made},\nmigrations.AddIndex("shelf", models.Index(fields=["id"], name="shelf_id"))')


def test_a_table_that_django_does_not_manage():
    made = 'migrations.CreateModel("Old", [("id", models.BigAutoField(primary_key=True))], {"managed": False})'

    silent("RM201", made, 'migrations.AddIndex("old", models.Index(fields=["id"], name="old_id"))')
