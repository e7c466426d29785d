"""Locks that are waited for without an end."""

import pytest
from django.db import connections

from tests.lint.reading import flagged, on_base, silent

ADDED = 'migrations.AddField("Product", "stock", models.IntegerField(null=True))'


def test_everybody_waits_behind_it():
    finding = flagged("RM215", f'{ADDED},\nmigrations.RenameField("Product", "name", "title")')  # once

    assert finding.message == (
        "It waits for the lock of shop_product as long as it takes, and all queries on it wait behind."
    )
    assert "SET LOCAL lock_timeout = '2s'" in finding.hint
    assert finding.operation is None


def test_sql_locks_too():
    flagged("RM215", 'migrations.RunSQL("ALTER TABLE shop_product ADD COLUMN a int")')


@pytest.mark.parametrize(
    "operations",
    [
        f"""migrations.RunSQL("SET LOCAL lock_timeout = '2s'"),\n{ADDED}""",
        on_base("SchemaMigration", ADDED),
        "migrations.RunPython(fill, fill)",
        "migrations.RunSQL(\"UPDATE shop_product SET name = ''\")",
        'migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True))])',
        'migrations.AlterField("Product", "name", models.CharField(max_length=100, help_text="x"))',
        'migrations.AlterField("Product", "name", models.CharField(max_length=100, default="new"))',
        'migrations.AddField("Product", "others", models.ManyToManyField("shop.Product"))',
        f"migrations.SeparateDatabaseAndState([], [{ADDED}])",
    ],
)
def test_a_limit_or_no_lock(operations):
    silent("RM215", operations)


def test_a_unique_column_has_one_index_whatever_db_index_says():
    unique = 'migrations.AlterField("Product", "name", models.CharField(max_length=100, unique=True{}))'

    silent("RM215", f"migrations.SeparateDatabaseAndState([], [{unique.format('')}])", unique.format(", db_index=True"))
    flagged("RM215", unique.format(", db_index=True"))


@pytest.mark.parametrize(
    "operation", ['migrations.RemoveField("Product", "others")', 'migrations.RenameField("Product", "others", "more")']
)
def test_the_table_of_a_many_to_many(operation):
    added = 'migrations.AddField("Product", "others", models.ManyToManyField("shop.Product"))'

    assert "the lock of shop_product_others" in flagged("RM215", added, operation).message


def test_a_many_to_many_that_goes_is_a_table_of_its_own():
    added = 'migrations.AddField("Product", "others", models.ManyToManyField("shop.Product", through="shop.Pair"))'

    silent("RM215", added, 'migrations.RemoveField("Product", "others")')


def test_a_limit_in_the_settings(monkeypatch):
    options = connections.settings["default"].setdefault("OPTIONS", {})
    monkeypatch.setitem(options, "options", "-c lock_timeout=2s")

    silent("RM215", ADDED)


def test_a_limit_in_the_settings_of_another_app(settings):
    settings.ZERO_DOWNTIME_MIGRATIONS_LOCK_TIMEOUT = "2s"

    silent("RM215", ADDED)
