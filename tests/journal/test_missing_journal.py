"""Undo that is not possible any more says since when and why, before anything is changed."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F

from reversible_migrations import operations as ops
from reversible_migrations.databases import database
from reversible_migrations.exceptions import JournalMismatch, MissingJournal
from reversible_migrations.journal import retention
from tests.situations.running import backwards, forwards, journals, migration_of, patch_of
from tests.situations.snapshots import journal_tables, snapshot
from tests.situations.stock import fill_products, model

pytestmark = pytest.mark.usefixtures("shop")


def sql(text):
    with connection.cursor() as cursor:
        cursor.execute(text)


def two_steps():
    def patch(apps, patch):
        Product = apps.get_model("shop", "Product")
        patch.update(Product.objects.all(), stock=F("stock") + 1)
        patch.update(Product.objects.all(), weight=1.5)

    return patch_of(patch, batch_size=2)


def test_a_purged_journal_says_when_it_was_purged():
    fill_products("stock", [1, 2, 3])
    forwards(two_steps())
    after = snapshot()
    gone = list(retention.purge(database("default"), retention.purgeable("default", timedelta(0))))

    with pytest.raises(MissingJournal, match=r"\(3 rows\) was purged on \d{4}-\d\d-\d\d.*Nothing was.*--fake"):
        backwards(two_steps())

    assert len(gone) == 2
    assert journal_tables() == []
    assert snapshot() == after


def test_a_journal_dropped_by_somebody_is_said_to_be_so():
    fill_products("stock", [1, 2, 3])
    forwards(two_steps())
    after = snapshot()
    sql(f"DROP TABLE {journals()[1].table_name}")

    with pytest.raises(MissingJournal, match="was dropped by someone else"):
        backwards(two_steps())

    assert snapshot() == after


def test_a_journal_missing_of_an_older_step_is_found_before_the_newer_one_is_undone():
    fill_products("stock", [1, 2, 3])
    forwards(two_steps())
    after = snapshot()
    sql(f"DROP TABLE {journals()[0].table_name}")

    with pytest.raises(MissingJournal):
        backwards(two_steps())

    assert snapshot() == after


def test_a_migration_that_was_never_recorded_says_so():
    with pytest.raises(MissingJournal, match=r"was not run by reversible_migrations.*--fake"):
        backwards(two_steps())


@pytest.fixture
def column():
    """A column of ``shop_supplier`` that comes and goes."""
    sql("ALTER TABLE shop_supplier ADD COLUMN extra integer")
    yield
    for name in ("extra", "kept"):
        if name in database("default").read_columns('"shop_supplier"'):
            sql(f"ALTER TABLE shop_supplier DROP COLUMN {name}")


def delete_suppliers():
    return migration_of(ops.DeleteRows("Supplier"))


def test_a_column_dropped_since_is_named(column):
    model("Supplier").objects.create(id=1, name="s")
    sql("UPDATE shop_supplier SET extra = 7")
    forwards(delete_suppliers())
    sql("ALTER TABLE shop_supplier RENAME COLUMN extra TO kept")

    with pytest.raises(JournalMismatch, match=r"column extra is gone.*Nothing was.*bring the column back"):
        backwards(delete_suppliers())

    assert not model("Supplier").objects.exists()
    sql("ALTER TABLE shop_supplier RENAME COLUMN kept TO extra")
    backwards(delete_suppliers())
    assert snapshot("Supplier")['"shop_supplier"'][1][0][0 if connection.vendor == "postgresql" else 5] in (
        "7",
        "(1,s,7)",
    )


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite cannot change a column's type")
def test_a_column_whose_type_changed_since_is_named(column):
    model("Supplier").objects.create(id=1, name="s")
    forwards(delete_suppliers())
    sql("ALTER TABLE shop_supplier ALTER COLUMN extra TYPE bigint")

    with pytest.raises(JournalMismatch, match="column extra is bigint now and was integer"):
        backwards(delete_suppliers())

    assert not model("Supplier").objects.exists()


def test_a_column_the_models_do_not_know_comes_back_with_its_row(column):
    model("Supplier").objects.create(id=1, name="s")
    sql("UPDATE shop_supplier SET extra = 7")
    start = snapshot()

    forwards(delete_suppliers())
    backwards(delete_suppliers())

    assert snapshot() == start


def test_a_column_added_since_does_not_stand_in_the_way(column):
    model("Supplier").objects.create(id=1, name="s")
    sql("ALTER TABLE shop_supplier DROP COLUMN extra")
    forwards(delete_suppliers())
    sql("ALTER TABLE shop_supplier ADD COLUMN extra integer")

    backwards(delete_suppliers())

    assert model("Supplier").objects.get().name == "s"
