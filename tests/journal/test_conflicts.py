"""What undo does with rows that were changed since: keep, overwrite or abort, column by column."""

import pytest
from django.db import connection
from django.db.models import F, Q, Value
from django.db.models.functions import Concat

from reversible_migrations import operations as ops
from reversible_migrations.exceptions import UndoConflicts
from tests.situations.moments import some_of
from tests.situations.running import (
    backwards,
    conflicts,
    forwards,
    killed_at,
    last_step,
    migration_of,
    patch_of,
    runs,
    statements_of,
)
from tests.situations.snapshots import snapshot
from tests.situations.stock import fill_keys, fill_products, model

pytestmark = pytest.mark.usefixtures("shop")


def products():
    return dict(model("Product").objects.order_by("pk").values_list("pk", "stock"))


def more_stock(policy=None, size=2):
    return migration_of(ops.UpdateRows("Product", {"stock": F("stock") + 10}), batch_size=size, on_conflict=policy)


# Updates


@pytest.mark.parametrize(
    ("policy", "left", "outcome"),
    [("keep", {1: 1, 2: 99, 3: 3, 4: 4}, "kept"), ("overwrite", {1: 1, 2: 2, 3: 3, 4: 4}, "overwritten")],
)
def test_a_row_changed_since_is_kept_or_overwritten_and_listed(policy, left, outcome):
    fill_products("stock", [1, 2, 3, 4])
    forwards(more_stock())
    model("Product").objects.filter(pk=2).update(stock=99)

    backwards(more_stock(policy))

    assert products() == left
    assert conflicts() == [("product", "2", "changed", outcome)]
    assert last_step("backwards").rows_conflicting == 1


def test_abort_restores_nothing_and_says_how_many_and_keep_goes_on_from_there():
    fill_products("stock", [1, 2, 3, 4])
    forwards(more_stock())
    model("Product").objects.filter(pk__in=[2, 3]).update(stock=99)
    before = snapshot()

    with pytest.raises(
        UndoConflicts, match=r"2 rows were changed since.*nothing was restored.*--on-conflict"
    ) as stopped:
        backwards(more_stock("abort"))

    assert stopped.value.data["conflicts"] == 2
    assert snapshot() == before
    backwards(more_stock("keep"))
    assert products() == {1: 1, 2: 99, 3: 99, 4: 4}
    assert conflicts() == [("product", "2", "changed", "kept"), ("product", "3", "changed", "kept")]


def test_a_row_changed_back_by_hand_is_no_conflict():
    fill_products("stock", [1, 2])
    start = snapshot()
    forwards(more_stock())
    model("Product").objects.filter(pk=2).update(stock=2)

    backwards(more_stock("abort"))

    assert snapshot() == start
    assert conflicts() == []


def test_columns_are_judged_one_by_one():
    fill_products("stock", [1, 2, 3])
    patch = migration_of(ops.UpdateRows("Product", {"stock": 50, "name": "patched", "text": "new"}))
    forwards(patch)
    model("Product").objects.filter(pk=2).update(name="by the application")
    model("Product").objects.filter(pk=3).update(number=7)

    backwards(patch)

    changed = model("Product").objects.get(pk=2)
    assert (changed.stock, changed.text, changed.name) == (2, None, "by the application")
    untouched = model("Product").objects.get(pk=3)
    assert (untouched.stock, untouched.name, untouched.number) == (3, "product 3", 7)
    assert conflicts() == [("product", "2", "changed", "kept")]


def test_a_column_the_patch_left_as_it_was_is_no_conflict_when_it_changes_since():
    fill_products("stock", [50, 2])
    patch = migration_of(ops.UpdateRows("Product", {"stock": 50}))
    forwards(patch)
    model("Product").objects.filter(pk=1).update(stock=77)

    backwards(patch)

    assert products() == {1: 77, 2: 2}
    assert conflicts() == []


@pytest.mark.parametrize("policy", ["keep", "overwrite"])
def test_a_row_deleted_since_stays_deleted_and_is_listed(policy):
    fill_products("stock", [1, 2, 3])
    forwards(more_stock())
    model("Product").objects.filter(pk=2).delete()

    backwards(more_stock(policy))

    assert products() == {1: 1, 3: 3}
    assert conflicts() == [("product", "2", "gone", "kept")]


def test_null_is_a_value_like_others():
    fill_products("number", [None, 5, None])
    patch = migration_of(ops.UpdateRows("Product", {"number": None}, where=Q(pk=2)))
    other = migration_of(ops.UpdateRows("Product", {"number": 8}, where=Q(pk__in=[1, 3])), name="0101_other")
    forwards(patch)
    forwards(other)
    model("Product").objects.filter(pk=2).update(number=6)
    model("Product").objects.filter(pk=3).update(number=None)

    backwards(other)
    backwards(patch)

    assert list(model("Product").objects.order_by("pk").values_list("number", flat=True)) == [None, 6, None]
    assert conflicts() == [("product", "2", "changed", "kept")]


@pytest.mark.parametrize("name", ["Country", "Word", "Parcel", "OrderLine", "Taxi", "GroupSelect"])
def test_conflicts_are_found_whatever_the_key(name):
    fill_keys(name)
    patch = migration_of(ops.UpdateRows(name, {"name": Concat("name", Value("!"))}), batch_size=3)
    forwards(patch)
    model(name).objects.filter(name="row 4!").update(name="by the application")

    backwards(patch)

    names = set(model(name).objects.values_list("name", flat=True))
    assert names == {"row 1", "row 2", "row 3", "by the application", "row 5", "row 6", "row 7"}
    assert [(reason, outcome) for _, _, reason, outcome in conflicts()] == [("changed", "kept")]


def test_a_unique_value_taken_since_blocks_its_row_alone():
    fill_keys("Shelf")
    patch = migration_of(ops.UpdateRows("Shelf", {"position": F("position") + 100}), batch_size=10)
    forwards(patch)
    model("Shelf").objects.create(id=500, name="new", position=3)

    backwards(patch)

    places = dict(model("Shelf").objects.values_list("name", "position"))
    assert places == {
        "row 1": 1, "row 2": 2, "row 3": 103, "row 4": 4, "row 5": 5, "row 6": 6, "row 7": 7, "new": 3,
    }  # fmt: skip
    assert conflicts() == [("shelf", "9", "blocked", "kept")]


def test_a_unique_value_taken_since_blocks_its_row_of_recorded_code_alone():
    def move_up(apps, schema_editor):
        apps.get_model("shop", "Shelf").objects.update(position=F("position") + 100)

    fill_keys("Shelf")
    patch = migration_of(ops.RecordedPython(move_up, models=["Shelf"]))
    forwards(patch)
    model("Shelf").objects.create(id=500, name="new", position=3)

    backwards(patch)

    places = dict(model("Shelf").objects.values_list("name", "position"))
    assert places == {
        "row 1": 1, "row 2": 2, "row 3": 103, "row 4": 4, "row 5": 5, "row 6": 6, "row 7": 7, "new": 3,
    }  # fmt: skip
    assert conflicts() == [("shelf", "9", "blocked", "kept")]


def test_a_parent_gone_since_blocks_its_rows_alone():
    for number in (1, 2, 3):
        model("Customer").objects.create(id=number, name=f"c{number}")
        model("Basket").objects.create(id=number, customer_id=number)
    patch = migration_of(ops.UpdateRows("Basket", {"customer": 3}))
    forwards(patch)
    model("Customer").objects.filter(pk=2).delete()

    backwards(patch)

    assert dict(model("Basket").objects.values_list("pk", "customer")) == {1: 1, 2: 3, 3: 3}
    assert conflicts() == [("basket", "2", "blocked", "kept")]


# Created rows


def creation(policy=None):
    rows = [{"id": number, "name": f"made {number}", "email": f"{number}@example.org"} for number in range(1, 5)]
    return migration_of(ops.CreateRows("Customer", rows), batch_size=2, on_conflict=policy)


@pytest.mark.parametrize(("policy", "left"), [("keep", [2]), ("overwrite", [])])
def test_a_created_row_that_was_changed_since_is_kept_unless_overwritten(policy, left):
    forwards(creation())
    model("Customer").objects.filter(pk=2).update(name="by the application")

    backwards(creation(policy))

    assert list(model("Customer").objects.values_list("pk", flat=True)) == left
    if policy == "keep":
        assert conflicts() == [("customer", "2", "changed", "kept")]


def test_a_created_row_that_a_new_row_points_at_is_kept_by_every_policy():
    forwards(creation())
    model("Basket").objects.create(id=1, customer_id=3)

    backwards(creation("overwrite"))

    assert list(model("Customer").objects.values_list("pk", flat=True)) == [3]
    assert conflicts() == [("customer", "3", "referenced", "kept")]


def test_a_created_row_that_is_gone_already_is_no_conflict():
    forwards(creation())
    model("Customer").objects.filter(pk=2).delete()

    backwards(creation("abort"))

    assert not model("Customer").objects.exists()
    assert conflicts() == []


def test_abort_sees_a_created_row_that_was_changed_since():
    forwards(creation())
    model("Customer").objects.filter(pk=2).update(name="by the application")
    before = snapshot()

    with pytest.raises(UndoConflicts):
        backwards(creation("abort"))

    assert snapshot() == before


def test_abort_sees_a_created_row_that_a_new_row_points_at():
    forwards(creation())
    model("Basket").objects.create(id=1, customer_id=1)
    before = snapshot()

    with pytest.raises(UndoConflicts):
        backwards(creation("abort"))

    assert snapshot() == before


def test_a_created_inherited_row_is_kept_whole_if_one_of_its_tables_changed():
    rows = [{"id": n, "name": f"taxi {n}", "seats": 4, "licence": f"L{n}"} for n in (1, 2)]
    patch = migration_of(ops.CreateRows("Taxi", rows))
    forwards(patch)
    model("Vehicle").objects.filter(pk=1).update(name="by the application")

    backwards(patch)

    assert [taxi.name for taxi in model("Taxi").objects.all()] == ["by the application"]
    assert model("Vehicle").objects.count() == 1


# Deleted rows


def fill_customers():
    for number in range(1, 5):
        model("Customer").objects.create(id=number, name=f"c{number}", email=f"{number}@example.org")
    for number in range(1, 5):
        model("Basket").objects.create(id=number, customer_id=number)
        model("BasketItem").objects.create(id=number, basket_id=number, name="item")
        model("Invoice").objects.create(id=number, customer_id=number, payer_id=4)


def deletion(policy=None):
    return migration_of(ops.DeleteRows("Customer", where=Q(pk__lte=3)), batch_size=2, on_conflict=policy)


@pytest.mark.parametrize(
    ("policy", "name", "outcome"), [("keep", "another", "kept"), ("overwrite", "c2", "overwritten")]
)
def test_a_row_re_created_since_is_kept_or_overwritten_and_listed(policy, name, outcome):
    fill_customers()
    forwards(deletion())
    model("Customer").objects.create(id=2, name="another")

    backwards(deletion(policy))

    assert model("Customer").objects.get(pk=2).name == name
    assert model("Customer").objects.count() == 4
    assert model("BasketItem").objects.count() == 4
    assert conflicts() == [("customer", "2", "re-created", outcome)]


def test_a_row_re_created_with_the_same_values_is_no_conflict():
    fill_customers()
    start = snapshot()
    forwards(deletion())
    model("Customer").objects.create(id=2, name="c2", email="2@example.org")

    backwards(deletion("abort"))

    assert snapshot() == start
    assert conflicts() == []


@pytest.mark.parametrize("policy", ["keep", "overwrite"])
def test_a_unique_value_taken_since_keeps_the_deleted_row_and_what_hangs_on_it_out(policy):
    fill_customers()
    forwards(deletion())
    model("Customer").objects.create(id=50, name="new", email="2@example.org")

    backwards(deletion(policy))

    assert set(model("Customer").objects.values_list("pk", flat=True)) == {1, 3, 4, 50}
    assert set(model("BasketItem").objects.values_list("pk", flat=True)) == {1, 3, 4}
    assert ("customer", "2", "blocked", "kept") in conflicts()
    assert ("basket", "2", "blocked", "kept") in conflicts()
    assert ("basketitem", "2", "blocked", "kept") in conflicts()
    assert dict(model("Invoice").objects.values_list("pk", "customer")) == {1: 1, 2: None, 3: 3, 4: 4}


def test_a_parent_gone_since_keeps_the_deleted_row_out():
    fill_customers()
    patch = migration_of(ops.DeleteRows("Basket", where=Q(pk__lte=3)))
    forwards(patch)
    model("Invoice").objects.all().delete()
    model("Customer").objects.filter(pk=2).delete()

    backwards(patch)

    assert set(model("Basket").objects.values_list("pk", flat=True)) == {1, 3, 4}
    assert set(model("BasketItem").objects.values_list("pk", flat=True)) == {1, 3, 4}


@pytest.mark.parametrize("policy", ["keep", "overwrite"])
def test_a_tree_with_a_parent_gone_since_comes_back_without_that_branch(policy):
    for number in range(1, 14):
        model("Category").objects.create(id=number, name=f"c{number}", parent_id=number // 3 or None)
    patch = migration_of(ops.DeleteRows("Category", where=Q(pk__in=[3, 4])), on_conflict=policy)
    forwards(patch)
    assert set(model("Category").objects.values_list("pk", flat=True)) == {1, 2, 5, 6, 7, 8} - {0}
    with connection.cursor() as cursor:
        cursor.execute("UPDATE shop_category SET parent_id = NULL WHERE parent_id = 1")
        cursor.execute("DELETE FROM shop_category WHERE id = 1")

    backwards(patch)

    assert set(model("Category").objects.values_list("pk", flat=True)) == {2, 5, 6, 7, 8}
    assert {reason for _, _, reason, _ in conflicts()} == {"blocked"}


def test_a_foreign_key_set_to_null_and_changed_since_is_kept():
    fill_customers()
    forwards(deletion())
    model("Invoice").objects.filter(pk=2).update(customer=4)

    backwards(deletion())

    assert dict(model("Invoice").objects.values_list("pk", "customer")) == {1: 1, 2: 4, 3: 3, 4: 4}
    assert conflicts() == [("invoice", "2", "changed", "kept")]


# Recorded code


def test_conflicts_of_recorded_code_are_found_too():
    fill_customers()

    def code(apps, schema_editor):
        Customer = apps.get_model("shop", "Customer")
        Customer.objects.filter(pk=1).update(name="patched")
        Customer.objects.filter(pk=2).update(name="patched")
        Customer.objects.create(id=10, name="made")
        Customer.objects.create(id=11, name="made")

    patch = migration_of(ops.RecordedPython(code, models=["Customer"]))
    forwards(patch)
    model("Customer").objects.filter(pk=2).update(name="by the application")
    model("Customer").objects.filter(pk=11).update(name="by the application")

    backwards(patch)

    assert dict(model("Customer").objects.values_list("pk", "name")) == {
        1: "c1", 2: "by the application", 3: "c3", 4: "c4", 11: "by the application",
    }  # fmt: skip
    assert conflicts() == [("customer", "11", "changed", "kept"), ("customer", "2", "changed", "kept")]


# Several steps, and interruptions


def test_steps_on_the_same_rows_are_undone_newest_first():
    fill_products("stock", [1, 2, 3])
    start = snapshot()

    def patch(apps, patch):
        Product = apps.get_model("shop", "Product")
        patch.update(Product.objects.all(), stock=F("stock") + 1)
        patch.transform(Product.objects.all(), lambda row: {"stock": row.stock * 3}, fields=["stock"])
        patch.update(Product.objects.filter(pk__gt=1), stock=F("stock") + 1, name="x")
        patch.delete(Product.objects.filter(pk=3))
        patch.create(Product, [{"id": 3, "name": "same key"}])
        with patch.record(Product):
            Product.objects.update(stock=0)

    migration = patch_of(patch, batch_size=2)
    forwards(migration)
    assert products() == {1: 0, 2: 0, 3: 0}
    backwards(patch_of(patch, batch_size=2, on_conflict="abort"))

    assert snapshot() == start
    assert conflicts() == []


def test_an_undo_gone_on_with_lists_each_conflict_once():
    fill_products("stock", range(1, 9))
    forwards(more_stock())
    model("Product").objects.filter(pk__in=[2, 5, 8]).update(stock=99)
    whole = statements_of(backwards, more_stock())
    expected = conflicts()
    assert len(expected) == 3

    for share in some_of((0.3, 0.5, 0.7, 0.9)):
        model("Product").objects.all().delete()
        fill_products("stock", range(1, 9))
        forwards(more_stock())
        model("Product").objects.filter(pk__in=[2, 5, 8]).update(stock=99)
        assert killed_at(int(whole * share), backwards, more_stock())
        backwards(more_stock())
        assert products() == {1: 1, 2: 99, 3: 3, 4: 4, 5: 99, 6: 6, 7: 7, 8: 99}
        undone = runs()[-1]
        assert undone.direction == "backwards"
        assert sorted(undone.steps.get().conflicts.values_list("key", flat=True)) == ["2", "5", "8"]


def test_undo_twice_does_nothing_the_second_time():
    fill_products("stock", [1, 2])
    forwards(more_stock())
    backwards(more_stock())
    model("Product").objects.update(stock=11)

    backwards(more_stock())

    assert products() == {1: 11, 2: 11}


def test_after_an_undo_the_patch_may_run_again_and_be_undone_again():
    fill_products("stock", [1, 2])
    start = snapshot()

    for _ in range(3):
        forwards(more_stock())
        assert products() == {1: 11, 2: 12}
        backwards(more_stock())
        assert snapshot() == start
