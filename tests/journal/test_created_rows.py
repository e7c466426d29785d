"""Undo of created rows that point at each other, and that others point at."""

import pytest
from django.db import connection

from reversible_migrations import operations as ops
from reversible_migrations.databases import database
from reversible_migrations.exceptions import UndoConflicts
from reversible_migrations.journal.conflicts import count_conflicts
from reversible_migrations.models import Step
from tests.situations.reaching import reaches_the_start
from tests.situations.running import backwards, conflicts, forwards, migration_of, patch_of
from tests.situations.snapshots import snapshot
from tests.situations.stock import model

pytestmark = pytest.mark.usefixtures("shop")

DOWN = {1: None, 2: 1, 3: 2, 4: 3, 5: 4, 6: 5, 7: 6}
UP = {1: 2, 2: 3, 3: 4, 4: 5, 5: 6, 6: 7, 7: None}
RING = {1: 2, 2: 3, 3: 4, 4: 5, 5: 6, 6: 7, 7: 1}


def categories(parents, policy=None):
    """Return a migration that creates categories (number to parent) in portions of two rows."""
    rows = [{"id": number, "name": f"c{number}", "parent_id": parent} for number, parent in parents.items()]
    return migration_of(ops.CreateRows("Category", rows), batch_size=2, on_conflict=policy)


def left():
    return list(model("Category").objects.order_by("pk").values_list("pk", flat=True))


def counted():
    """Return how many conflicts are counted before undo, for all steps together."""
    return sum(count.conflicts for count in count_conflicts(list(Step.objects.all()), database("default")))


# Rows of one table that point at each other


@pytest.mark.parametrize("parents", [DOWN, UP, RING], ids=["down", "up", "ring"])
def test_they_are_all_removed_whichever_way_they_point(parents):
    reaches_the_start(lambda: None, lambda: categories(parents))

    assert conflicts() == []


def test_their_keys_come_back_in_the_order_of_the_rows():
    given = []

    def patch(apps, patch):
        rows = [{"name": f"c{number}"} for number in range(7)]
        given.extend(patch.create(apps.get_model("shop", "Category"), rows))

    forwards(patch_of(patch, batch_size=2))

    names = model("Category").objects.in_bulk(given)
    assert [names[key].name for key in given] == [f"c{number}" for number in range(7)]


@pytest.mark.parametrize(("parents", "kept"), [(DOWN, [1, 2, 3, 4]), (UP, [4, 5, 6, 7]), (RING, [1, 2, 3, 4, 5, 6, 7])])
def test_one_that_was_changed_since_stays_with_all_that_it_points_at(parents, kept):
    forwards(categories(parents))
    model("Category").objects.filter(pk=4).update(name="by the application")

    backwards(categories(parents))

    assert left() == kept
    reasons = {int(key): reason for _, key, reason, _ in conflicts()}
    assert reasons == {key: "changed" if key == 4 else "referenced" for key in kept}


def test_one_that_a_new_row_of_the_same_table_points_at_stays_with_all_that_it_points_at():
    forwards(categories(DOWN))
    model("Category").objects.create(id=99, name="new", parent_id=3)

    backwards(categories(DOWN))

    assert left() == [1, 2, 3, 99]
    assert {reason for _, _, reason, _ in conflicts()} == {"referenced"}


def test_rows_that_do_not_point_at_their_own_table_are_still_removed_in_portions():
    patch = migration_of(ops.CreateRows("Customer", [{"name": "made"}] * 7), batch_size=2)
    forwards(patch)

    backwards(patch)

    assert Step.objects.get(run__direction="backwards").batches == 4


# Rows that others point at, counted before the first row is removed


def test_a_new_row_of_the_same_table_is_seen():
    forwards(categories(DOWN))
    model("Category").objects.create(id=99, name="new", parent_id=3)
    before = snapshot()

    with pytest.raises(UndoConflicts, match="1 rows"):
        backwards(categories(DOWN, "abort"))

    assert snapshot() == before


def test_rows_that_the_patch_itself_created_or_turned_are_not_counted():
    model("Customer").objects.create(id=1, name="old")
    model("Basket").objects.create(id=1, customer_id=1)
    start = snapshot()

    def patch(apps, patch):
        Customer, Basket = (apps.get_model("shop", name) for name in ("Customer", "Basket"))
        patch.create(Customer, [{"id": 10, "name": "made"}, {"id": 11, "name": "made"}])
        patch.update(Basket.objects.filter(pk=1), customer_id=10)
        patch.create(Basket, [{"id": 20, "customer_id": 10}])
        patch.update(Basket.objects.filter(pk=1), customer_id=11)
        with patch.record(Customer, Basket):
            Basket.objects.create(id=30, customer=Customer.objects.create(id=12, name="made"))
            Basket.objects.filter(pk=1).update(customer_id=12)

    forwards(patch_of(patch))
    assert counted() == 0
    backwards(patch_of(patch, on_conflict="abort"))

    assert snapshot() == start


def test_each_created_row_is_counted_once_however_many_rows_point_at_it():
    forwards(migration_of(ops.CreateRows("Customer", [{"id": n, "name": "made"} for n in (1, 2, 3)])))
    for _ in range(3):
        model("Basket").objects.create(customer_id=1)
        model("Invoice").objects.create(customer_id=1, payer_id=2)
    model("Customer").objects.filter(pk=1).update(name="by the application")

    assert counted() == 2


def test_a_row_of_the_application_that_was_turned_to_a_created_row_is_counted():
    model("Customer").objects.create(id=1, name="old")
    model("Basket").objects.create(id=1, customer_id=1)
    forwards(migration_of(ops.CreateRows("Customer", [{"id": 10, "name": "made"}])))
    model("Basket").objects.update(customer_id=10)

    assert counted() == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite alone can count the instructions of a query")
def test_counting_takes_twice_the_work_for_twice_the_rows():
    def instructions(rows):
        model("Basket").objects.all().delete()
        model("Customer").objects.all().delete()
        Step.objects.all().delete()
        made = [{"id": n, "name": "made"} for n in range(1, rows + 1)]
        pointing = [{"id": n, "customer_id": n} for n in range(1, rows + 1)]
        forwards(migration_of(ops.CreateRows("Customer", made), ops.CreateRows("Basket", pointing)))
        model("Basket").objects.create(id=rows + 1, customer_id=1)
        done = []
        connection.connection.set_progress_handler(lambda: done.append(100) and None, 100)
        try:
            assert counted() == 1
        finally:
            connection.connection.set_progress_handler(None, 0)
        backwards(migration_of(ops.CreateRows("Customer", made), ops.CreateRows("Basket", pointing)))
        return sum(done)

    assert instructions(4_000) < 2.5 * instructions(2_000)
