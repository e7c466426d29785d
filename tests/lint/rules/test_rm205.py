"""A foreign key on a table in use."""

import pytest

from tests.lint.reading import flagged, on_base, silent

SHELF = 'migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True))])'

FIELD = 'models.ForeignKey("shop.Shelf", models.CASCADE, null=True)'
OPERATION = f'migrations.AddField("Product", "shelf", {FIELD})'


def test_a_new_column_locks_both_tables():
    finding = flagged("RM205", SHELF, OPERATION)

    assert finding.message == (
        "The foreign key shop_product.shelf_id locks shop_product and shop_shelf at once, and builds its index before "
        "it lets go of them."
    )
    assert finding.hint.startswith('AddField("product", "shelf", ...(db_constraint=False, db_index=False))')
    assert "ALTER TABLE shop_product ADD CONSTRAINT shop_product_shelf_id_fk FOREIGN KEY (shelf_id)" in finding.hint
    assert "REFERENCES shop_shelf DEFERRABLE INITIALLY DEFERRED NOT VALID" in finding.hint
    assert "AddIndexConcurrently" in finding.hint


def test_a_change_of_the_field_checks_all_rows_again():
    made = SHELF, f"migrations.SeparateDatabaseAndState([], [{OPERATION}])"
    finding = flagged("RM205", *made, OPERATION.replace("AddField", "AlterField").replace(", null=True", ""))

    assert finding.message == (
        "AlterField drops the constraint of shop_product.shelf_id and makes it anew: all rows are checked, and "
        "shop_product and shop_shelf locked until then."
    )


@pytest.mark.parametrize(
    ("before", "after", "sql"),
    [
        ("", ", null=True", "DROP NOT NULL', 'ALTER TABLE shop_product ALTER COLUMN shelf_id SET NOT NULL'"),
        (", null=True", "", "SET NOT NULL', 'ALTER TABLE shop_product ALTER COLUMN shelf_id DROP NOT NULL'"),
    ],
)
def test_null_alone_needs_no_new_constraint(before, after, sql):
    added = OPERATION.replace(", null=True", before)
    altered = OPERATION.replace("AddField", "AlterField").replace(", null=True", after)
    hint = flagged("RM205", SHELF, f"migrations.SeparateDatabaseAndState([], [{added}])", altered).hint

    assert hint.startswith(f"RunSQL('ALTER TABLE shop_product ALTER COLUMN shelf_id {sql}, state_operations=[Alter")


def test_what_only_python_knows_needs_no_statement():
    altered = OPERATION.replace("AddField", "AlterField").replace("null=True", "null=True, default=1")
    hint = flagged("RM205", SHELF, f"migrations.SeparateDatabaseAndState([], [{OPERATION}])", altered).hint

    assert hint.startswith('SeparateDatabaseAndState(state_operations=[AlterField("product", "shelf", ...)])')


def test_an_index_that_is_there_stays():
    altered = OPERATION.replace("AddField", "AlterField").replace('"shop.Shelf"', '"shop.Product"')
    made = f"migrations.SeparateDatabaseAndState([], [{OPERATION}])"
    hint = flagged("RM205", SHELF, made, altered).hint

    assert hint.startswith('AlterField("product", "shelf", ...(db_constraint=False)), and RunSQL(')
    assert "REFERENCES shop_product DEFERRABLE" in hint


def test_a_key_that_is_not_the_primary_one():
    shelf = SHELF.replace("])", ', ("mark", models.IntegerField(unique=True, db_column="m"))])')
    hint = flagged("RM205", shelf, OPERATION.replace("null=True", 'null=True, to_field="mark"')).hint

    assert "REFERENCES shop_shelf (m) DEFERRABLE" in hint


def test_a_constraint_that_the_field_had_not():
    loose = OPERATION.replace("null=True", "null=True, db_constraint=False")
    finding = flagged("RM205", SHELF, loose, OPERATION.replace("AddField", "AlterField"))

    assert finding.message.startswith("All rows are checked for the new constraint of shop_product.shelf_id")


def test_a_column_that_becomes_a_foreign_key():
    altered = 'migrations.AlterField("Product", "price", models.ForeignKey("shop.Shelf", models.CASCADE))'

    flagged("RM205", SHELF, altered)


def test_a_table_that_refers_to_itself():
    finding = flagged(
        "RM205", 'migrations.AddField("Product", "base", models.ForeignKey("self", models.CASCADE, null=True))'
    )

    assert "locks shop_product at once" in finding.message


def test_a_model_that_only_the_settings_know():
    finding = flagged("RM205", OPERATION.replace('"shop.Shelf"', "to=shelves.MODEL, on_delete=").replace("=, ", "="))

    assert "the table that it refers to" in finding.message


@pytest.mark.parametrize(
    "change", ["null=True, related_name='goods'", "null=True, verbose_name='where'", "null=True, help_text='where'"]
)
def test_what_the_database_does_not_know(change):
    made = SHELF, f"migrations.SeparateDatabaseAndState([], [{OPERATION}])"

    silent("RM205", *made, OPERATION.replace("AddField", "AlterField").replace("null=True", change))


def test_no_constraint():
    silent("RM205", SHELF, OPERATION.replace("null=True", "null=True, db_constraint=False"))


def test_a_table_of_the_same_migration_is_locked_by_nobody_else():
    silent("RM205", f"{SHELF},\n{OPERATION}")


def test_a_many_to_many_is_a_table_of_its_own():
    silent("RM205", SHELF, 'migrations.AddField("Product", "shelves", models.ManyToManyField("shop.Shelf"))')


@pytest.mark.parametrize(
    "text",
    [
        f"migrations.SeparateDatabaseAndState([], [{OPERATION}])",
        on_base("SchemaMigration", OPERATION),
        f'migrations.CreateModel("Box", [("id", models.BigAutoField(primary_key=True)), ("shelf", {FIELD})])',
    ],
)
def test_nobody_waits(text):
    silent("RM205", SHELF, text)
