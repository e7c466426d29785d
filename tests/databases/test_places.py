"""A database that lets nothing be written: an error of ours, and everything as it was."""

import pytest
from django.db import connection
from django.db.models import F, Q

from reversible_migrations import operations as ops
from reversible_migrations.exceptions import CannotJournal, ReversibleMigrationError
from tests.situations.running import backwards, forwards, migration_of, patch_of
from tests.situations.snapshots import journal_tables, leftovers, snapshot
from tests.situations.stock import fill_products, model

pytestmark = pytest.mark.usefixtures("shop")

only_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="roles and read-only transactions")
only_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="PRAGMA max_page_count and query_only")


def sql(text):
    with connection.cursor() as cursor:
        cursor.execute(text)


def big_update(apps, patch):
    patch.update(apps.get_model("shop", "Product").objects.all(), text=F("name"), number=5)


def deletion(apps, patch):
    patch.delete(apps.get_model("shop", "Product").objects.all())


def recording(apps, patch):
    with patch.record(apps.get_model("shop", "Product")):
        apps.get_model("shop", "Product").objects.update(text=F("name"))


def creation(apps, patch):
    rows = [{"id": 1_000_000 + n, "name": "made", "text": "x" * 2_000} for n in range(300)]
    patch.create(apps.get_model("shop", "Product"), rows)


PATCHES = [big_update, deletion, recording, creation]


def fill_much():
    Product = model("Product")
    Product.objects.bulk_create(Product(id=n, name="n" * 50, text="t" * 2_000) for n in range(1, 301))


@pytest.fixture
def poor_role():
    """A role that may change rows and create no table."""
    name = "rm_situations_poor"
    sql(f"DO $$ BEGIN CREATE ROLE {name}; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}")
    sql(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}")
    yield name
    connection.close()
    sql(f"DROP OWNED BY {name}")


@only_postgresql
@pytest.mark.parametrize("code", PATCHES)
def test_a_role_that_may_not_create_tables_is_told_what_it_needs(code, poor_role):
    fill_products("stock", [1, 2, 3])
    start = snapshot()
    sql(f"SET ROLE {poor_role}")

    with pytest.raises(CannotJournal) as refused:
        forwards(patch_of(code))

    message = str(refused.value)
    assert message.startswith("shop.0100_tested, step 1 (")
    assert "the database role has no right to do it" in message
    assert "GRANT CREATE ON SCHEMA" in message
    sql("RESET ROLE")
    assert snapshot() == start
    forwards(patch_of(code))
    backwards(patch_of(code))
    assert snapshot() == start


@only_postgresql
@pytest.mark.parametrize("code", PATCHES)
def test_a_read_only_database_is_an_error_of_ours(code):
    fill_products("stock", [1, 2, 3])
    start = snapshot()
    sql("SET default_transaction_read_only = on")

    with pytest.raises(ReversibleMigrationError, match="read-only"):
        forwards(patch_of(code))

    sql("SET default_transaction_read_only = off")
    assert snapshot() == start
    forwards(patch_of(code))
    assert snapshot() != start


@only_sqlite
@pytest.mark.parametrize("code", PATCHES)
def test_a_read_only_file_is_an_error_of_ours(code):
    fill_products("stock", [1, 2, 3])
    start = snapshot()
    sql("PRAGMA query_only = ON")

    with pytest.raises(ReversibleMigrationError, match="read-only"):
        forwards(patch_of(code))

    sql("PRAGMA query_only = OFF")
    assert snapshot() == start
    forwards(patch_of(code))
    assert snapshot() != start


@only_sqlite
@pytest.mark.parametrize("room", [1, 8, 30])
@pytest.mark.parametrize("code", PATCHES)
def test_a_full_disk_ends_the_run_where_it_is_and_with_more_room_it_goes_on(code, room):
    fill_much()
    start = snapshot()
    sql("VACUUM")
    with connection.cursor() as cursor:
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
    sql(f"PRAGMA max_page_count = {pages + room}")

    with pytest.raises(ReversibleMigrationError, match=r"is full.*run"):
        forwards(patch_of(code, batch_size=50))

    sql("PRAGMA max_page_count = 1000000")
    assert leftovers() == []
    forwards(patch_of(code, batch_size=50))
    assert snapshot() != start
    backwards(patch_of(code, batch_size=50))
    assert snapshot() == start


@only_sqlite
@pytest.mark.parametrize("code", PATCHES)
def test_a_disk_full_during_undo_ends_it_where_it_is_and_with_more_room_it_goes_on(code):
    fill_much()
    start = snapshot()
    forwards(patch_of(code, batch_size=50))
    sql("VACUUM")
    with connection.cursor() as cursor:
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]

    for room in (1, 4, 15, 40):
        sql(f"PRAGMA max_page_count = {pages + room}")
        try:
            backwards(patch_of(code, batch_size=50))
        except ReversibleMigrationError as error:
            assert "is full" in str(error)  # noqa: PT017 - undo may need less room than that
    sql("PRAGMA max_page_count = 1000000")
    backwards(patch_of(code, batch_size=50))

    assert snapshot() == start


def test_an_empty_table_makes_no_journal():
    def patch(apps, patch):
        Product, Customer = apps.get_model("shop", "Product"), apps.get_model("shop", "Customer")
        assert patch.update(Product.objects.all(), stock=1) == 0
        assert patch.transform(Product.objects.all(), lambda row: {"stock": 1}, fields=["stock"]) == 0
        assert patch.delete(Customer.objects.filter(name="x")) == 0
        assert patch.create(Customer, []) == []
        with patch.record(Customer, Product):
            Product.objects.update(stock=1)

    forwards(patch_of(patch))

    assert journal_tables() == []
    backwards(patch_of(patch))


def test_a_condition_that_no_row_meets_leaves_no_journal():
    fill_products("stock", [1, 2, 3])

    forwards(migration_of(ops.UpdateRows("Product", {"stock": 5}, where=Q(stock__gt=100))))
    forwards(migration_of(ops.DeleteRows("Product", where=Q(stock__gt=100)), name="0101_other"))

    assert journal_tables() == []
