"""An index that is dropped under a lock."""

import pytest

from tests.lint.reading import flagged, on_base, silent

INDEX = 'models.Index(fields=["name"], name="product_name")'
MADE = f"migrations.SeparateDatabaseAndState([], [migrations.AddIndex('Product', {INDEX})])"
OPERATION = 'migrations.RemoveIndex("Product", "product_name")'


def test_queries_wait_behind_it():
    finding = flagged("RM221", MADE, OPERATION)

    assert finding.message == (
        "Dropping product_name blocks reads and writes of shop_product while it waits for the queries that run."
    )
    assert finding.hint.startswith(
        'RemoveIndexConcurrently("product", "product_name") in a migration with atomic = False'
    )


def test_that_of_a_field():
    indexed = 'migrations.AlterField("Product", "name", models.CharField(max_length=100{}))'
    made = f"migrations.SeparateDatabaseAndState([], [{indexed.format(', db_index=True')}])"

    assert "the index of name" in flagged("RM221", made, indexed.format("")).message
    assert "state_operations" in flagged("RM221", made, indexed.format("")).hint
    silent("RM221", made, indexed.format(", db_index=True, help_text='x'"))


def test_that_of_a_field_which_changes_otherwise_too():
    indexed = 'migrations.AlterField("Product", "name", models.CharField(max_length={}))'
    made = f"migrations.SeparateDatabaseAndState([], [{indexed.format('100, db_index=True')}])"
    hint = flagged("RM221", made, indexed.format(90)).hint

    assert hint.startswith("RunSQL('DROP INDEX CONCURRENTLY ...') in a migration of its own before this one")
    assert "state_operations" not in hint


def test_that_of_a_unique_constraint_with_a_condition():
    unique = "models.UniqueConstraint(fields=['name'], name='one_name'{})"
    made = "migrations.SeparateDatabaseAndState([], [migrations.AddConstraint('Product', {})])"
    removed = 'migrations.RemoveConstraint("Product", "one_name")'
    finding = flagged("RM221", made.format(unique.format(", condition=models.Q(price=1)")), removed)

    assert finding.message.startswith("Dropping one_name blocks reads and writes of shop_product")
    assert finding.hint == "RunSQL('DROP INDEX CONCURRENTLY one_name') with this operation as its state_operations"
    silent("RM221", made.format(unique.format("")), removed)


def test_those_of_fields_together():
    together = 'migrations.AlterIndexTogether("Product", {})'
    made = f"""migrations.SeparateDatabaseAndState([], [{together.format('{("name", "price")}')}])"""

    assert "the index on name, price" in flagged("RM221", made, together.format("set()")).message
    silent("RM221", made, together.format('{("name", "price")}'))


def test_sql():
    finding = flagged("RM221", 'migrations.RunSQL("DROP INDEX IF EXISTS product_name")')

    assert finding.hint == "DROP INDEX CONCURRENTLY product_name, in a migration with atomic = False."


@pytest.mark.parametrize(
    "text",
    [
        "from django.contrib.postgres.operations import RemoveIndexConcurrently\n"
        + on_base("migrations.Migration", OPERATION.replace("migrations.RemoveIndex", "RemoveIndexConcurrently")),
        on_base("SchemaMigration", OPERATION),
        f"migrations.SeparateDatabaseAndState([], [{OPERATION}])",
        'migrations.RunSQL("DROP INDEX CONCURRENTLY product_name")',
    ],
)
def test_nobody_waits(text):
    silent("RM221", MADE, text)
