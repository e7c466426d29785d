"""A unique constraint whose index is built under a lock."""

import pytest

from tests.lint.reading import flagged, quiet_places, silent

UNIQUE = 'models.UniqueConstraint(fields=["name", "price"], name="one_price")'
OPERATION = f'migrations.AddConstraint("Product", {UNIQUE})'


def test_its_index_blocks_everybody():
    finding = flagged("RM206", OPERATION)

    assert finding.message == "Building the unique index of one_price blocks reads and writes of shop_product."
    assert "CREATE UNIQUE INDEX CONCURRENTLY one_price ON shop_product (name, price)" in finding.hint
    assert "ADD CONSTRAINT one_price UNIQUE USING INDEX one_price" in finding.hint


def test_one_with_a_condition_is_an_index_only():
    conditional = OPERATION.replace('name="one_price"', 'name="one_price", condition=models.Q(price__gt=0)')
    finding = flagged("RM206", conditional)

    assert finding.message == "Building the unique index of one_price blocks writes to shop_product."
    assert "USING INDEX" not in finding.hint
    assert "ON shop_product (name, price) WHERE ...'" in finding.hint


def test_a_field_that_becomes_unique():
    altered = 'migrations.AlterField("Product", "name", models.CharField(max_length=100, unique=True))'

    assert "the constraint on name" in flagged("RM206", altered).message
    silent("RM206", f"migrations.SeparateDatabaseAndState([], [{altered}])", altered)


def test_that_of_a_one_to_one_to_a_new_table():
    made = 'migrations.CreateModel("Label", [("id", models.BigAutoField(primary_key=True))]),'
    field = "models.OneToOneField('shop.{}', models.CASCADE, null=True)"
    added = 'migrations.AddField("Product", "label", {})'

    assert "the constraint on label_id" in flagged("RM206", made + added.format(field.format("Label"))).message
    silent("RM206", added.format(field.format("Product")))  # RM205 tells


def test_a_new_field_with_one_value_for_all_rows():
    added = 'migrations.AddField("Product", "mark", models.UUIDField(default=uuid.uuid4, unique=True))'
    finding = flagged("RM206", added)

    assert finding.message == (
        "shop_product.mark is unique, and Django asks its default once: two rows get the same value, and the migration "
        "fails."
    )
    assert finding.hint.startswith('AddField("product", "mark", ...(null=True)), give each row')


def test_a_new_field_without_values():
    flagged("RM206", 'migrations.AddField("Product", "mark", models.UUIDField(null=True, unique=True))')


def test_sets_of_fields_that_are_unique_together():
    together = 'migrations.AlterUniqueTogether("product", {("name", "price")})'
    finding = flagged("RM206", together)

    assert finding.message.startswith("Building the unique index of the constraint on name, price blocks")
    silent("RM206", f"migrations.SeparateDatabaseAndState([], [{together}])", together)


def test_the_column_of_a_foreign_key():
    added = 'migrations.AddField("Product", "base", models.ForeignKey("self", models.CASCADE, null=True))'
    hint = flagged("RM206", added, OPERATION.replace('"price"', '"base"')).hint

    assert "ON shop_product (name, base_id)'" in hint


def test_no_sets_any_more():
    silent("RM206", 'migrations.AlterUniqueTogether("product", set())')


@pytest.mark.parametrize("texts", quiet_places(OPERATION), ids=["state", "online", "new table", "unmanaged"])
def test_nobody_waits(texts):
    silent("RM206", *texts)
