"""``DeleteRows`` and ``patch.delete``: rows gone with all that follows, and back with all of it."""

import pytest
from django.db.models import Q

from reversible_migrations import operations as ops
from reversible_migrations.exceptions import TooManyFailures
from tests.situations.reaching import reaches_either_end, reaches_the_start
from tests.situations.running import backwards, forwards, last_step, migration_of, patch_of, quarantined
from tests.situations.snapshots import snapshot
from tests.situations.stock import FIELD_VALUES, KEYS, fill_keys, fill_products, model

pytestmark = pytest.mark.usefixtures("shop")

NAMED = Q(name__in=["row 1", "row 3", "row 4", "row 6", "row 7"])


def removing(name):
    return lambda: migration_of(ops.DeleteRows(name, where=NAMED), batch_size=2)


@pytest.mark.parametrize("name", KEYS)
def test_rows_that_meet_the_condition_are_gone_whatever_their_key(name):
    fill_keys(name)

    forwards(removing(name)())

    assert set(model(name).objects.values_list("name", flat=True)) == {"row 2", "row 5"}
    assert last_step().rows_done == 5
    if name in ("Car", "Taxi"):
        assert model("Vehicle").objects.count() == 3


@pytest.mark.parametrize("name", KEYS)
def test_undo_reaches_the_start_whatever_the_key(name):
    reaches_the_start(lambda: fill_keys(name), removing(name))


@pytest.mark.parametrize(("name", "share"), [(name, (i * 3 % 10) / 10 + 0.08) for i, name in enumerate(KEYS)])
def test_a_killed_deletion_reaches_either_end_whatever_the_key(name, share):
    reaches_either_end(lambda: fill_keys(name), removing(name), shares=[share])


@pytest.mark.parametrize("field", FIELD_VALUES)
def test_every_kind_of_field_comes_back_bit_for_bit(field):
    values, _ = FIELD_VALUES[field]

    reaches_the_start(
        lambda: fill_products(field, values), lambda: migration_of(ops.DeleteRows("Product"), batch_size=2)
    )


def test_a_parent_takes_its_inherited_rows_with_it():
    def fill():
        fill_keys("Taxi")
        fill_keys("Vehicle", count=3)

    reaches_either_end(fill, lambda: migration_of(ops.DeleteRows("Vehicle"), batch_size=3), shares=[0.3, 0.8])


def fill_customers():
    """Six customers; of each relation some rows that point at them."""
    for number in range(1, 7):
        model("Customer").objects.create(id=number, name=f"customer {number}", email=f"{number}@example.org")
    for number in range(1, 7):
        model("Basket").objects.create(id=number, customer_id=number)
        for item in range(3):
            model("BasketItem").objects.create(id=number * 10 + item, basket_id=number, name=f"item {item}")
        model("Invoice").objects.create(id=number, customer_id=number, payer_id=7 - number)


def delete_customers(*keys):
    return lambda: migration_of(ops.DeleteRows("Customer", where=Q(pk__in=keys)), batch_size=2, max_failed_share=0.5)


def test_cascades_set_null_and_set_default_are_done():
    fill_customers()

    forwards(delete_customers(2, 5, 6)())

    assert set(model("Basket").objects.values_list("pk", flat=True)) == {1, 3, 4}
    assert model("BasketItem").objects.count() == 9
    assert dict(model("Invoice").objects.values_list("pk", "customer")) == {1: 1, 2: None, 3: 3, 4: 4, 5: None, 6: None}
    assert dict(model("Invoice").objects.values_list("pk", "payer")) == {1: 1, 2: 1, 3: 4, 4: 3, 5: 1, 6: 1}
    assert last_step().rows_done == 3


def test_cascades_set_null_and_set_default_come_back():
    reaches_either_end(fill_customers, delete_customers(2, 5, 6))


@pytest.mark.parametrize("name", ["Contract", "Deposit"])
def test_a_row_that_protect_or_restrict_keeps_is_set_aside_and_the_others_are_deleted(name):
    fill_customers()
    model(name).objects.create(id=1, customer_id=3)
    start = snapshot()

    forwards(delete_customers(2, 3, 4)())

    assert set(model("Customer").objects.values_list("pk", flat=True)) == {1, 3, 5, 6}
    assert [error for _, error in quarantined()] == [{"Contract": "ProtectedError", "Deposit": "RestrictedError"}[name]]
    backwards(delete_customers(2, 3, 4)())
    assert snapshot() == start


def test_restrict_lets_a_row_go_that_goes_by_another_way():
    def fill():
        fill_customers()
        model("Deposit").objects.create(id=1, customer_id=3, basket_id=3)

    reaches_either_end(fill, delete_customers(2, 3), shares=[0.5])
    forwards(delete_customers(2, 3)())
    assert not model("Deposit").objects.exists()


def test_do_nothing_leaves_the_refusal_to_the_database():
    fill_customers()
    model("Visit").objects.create(id=1, customer_id=3)
    start = snapshot()

    with pytest.raises(TooManyFailures):
        forwards(migration_of(ops.DeleteRows("Customer", where=Q(pk=3)), max_failed_share=0))

    assert snapshot() == start


def test_do_nothing_sets_the_row_aside_and_deletes_the_others():
    fill_customers()
    model("Visit").objects.create(id=1, customer_id=3)

    forwards(delete_customers(2, 3, 4)())

    assert set(model("Customer").objects.values_list("pk", flat=True)) == {1, 3, 5, 6}


def test_links_of_many_to_many_come_back_automatic_and_explicit():
    def fill():
        categories = [model("Category").objects.create(id=n, name=f"c{n}") for n in (1, 2, 3)]
        suppliers = [model("Supplier").objects.create(id=n, name=f"s{n}") for n in (1, 2)]
        for number in range(1, 5):
            product = model("Product").objects.create(id=number, name=f"p{number}")
            product.categories.set(categories[: number % 4])
            for supplier in suppliers:
                model("Supply").objects.create(product=product, supplier=supplier, days=number)

    def patch(apps, patch):
        patch.delete(apps.get_model("shop", "Product").objects.filter(pk__in=[1, 3]))
        patch.delete(apps.get_model("shop", "Category").objects.filter(pk=2))

    reaches_either_end(fill, lambda: patch_of(patch, batch_size=1), shares=[0.2, 0.5, 0.8])


def fill_tree():
    """A tree (1 to 13), a circle (20, 21, 22) and a row that points at itself (30)."""
    for number in range(1, 14):
        model("Category").objects.create(id=number, name=f"c{number}", parent_id=number // 3 or None)
    for number in (20, 21, 22, 30):
        model("Category").objects.create(id=number, name=f"c{number}")
    for number, parent in ((20, 21), (21, 22), (22, 20), (30, 30)):
        model("Category").objects.filter(pk=number).update(parent_id=parent)


@pytest.mark.parametrize("roots", [[1], [3, 2], [20], [30], [4, 21, 30], [13]])
def test_a_tree_a_circle_and_a_row_that_points_at_itself_come_back(roots):
    reaches_either_end(
        fill_tree,
        lambda: migration_of(ops.DeleteRows("Category", where=Q(pk__in=roots)), batch_size=1),
        shares=[0.35, 0.75],
    )


def test_a_row_that_goes_with_another_of_a_later_batch_is_counted_once_and_comes_back():
    def patch(apps, patch):
        patch.delete(apps.get_model("shop", "Category").objects.all())

    reaches_either_end(fill_tree, lambda: patch_of(patch, batch_size=3), shares=[0.5])


def test_a_killed_deletion_of_customers_with_links_of_each_kind_reaches_either_end():
    def fill():
        fill_customers()
        fill_tree()

    def patch(apps, patch):
        patch.delete(apps.get_model("shop", "Customer").objects.filter(basket__basketitem__name="item 1", pk__gt=2))
        patch.delete(apps.get_model("shop", "Category").objects.exclude(parent=None))

    reaches_either_end(fill, lambda: patch_of(patch, batch_size=2), shares=[0.2, 0.45, 0.7, 0.9])


def test_the_operation_says_what_it_does():
    assert ops.DeleteRows("Product").describe() == (
        "Delete Product rows with their cascades (recorded, undone from the record)"
    )
