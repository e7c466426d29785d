"""The batches of undo: as large as its own pace wants them, whatever the forward ones were."""

import pytest
from django.db.models import F, Value
from django.db.models.functions import Concat

from reversible_migrations.models import KeyRange
from tests.situations.running import backwards, conflicts, forwards, killed_at, patch_of, statements_of
from tests.situations.snapshots import snapshot
from tests.situations.stock import KEYS, fill_keys, model

pytestmark = pytest.mark.usefixtures("shop")

ROWS = 100


def fill_customers(rows=ROWS):
    model("Customer").objects.bulk_create(model("Customer")(pk=n, name=f"customer {n}") for n in range(1, rows + 1))


def fill_items(rows=ROWS):
    fill_customers(1)
    basket = model("Basket").objects.create(pk=1, customer_id=1)
    Item = model("BasketItem")
    Item.objects.bulk_create(Item(pk=3 * n, basket=basket, name=f"item {n}") for n in range(1, rows + 1))


def updating(apps, patch):
    patch.update(apps.get_model("shop", "BasketItem").objects.all(), name=Concat("name", Value("!")))


def transforming(apps, patch):
    patch.transform(apps.get_model("shop", "BasketItem").objects.all(), lambda row: {"name": row.name * 2}, ["name"])


def deleting(apps, patch):
    patch.delete(apps.get_model("shop", "BasketItem").objects.all())


def creating(apps, patch):
    rows = [{"id": 1_000 + n, "name": f"new {n}", "basket_id": 1} for n in range(ROWS)]
    patch.create(apps.get_model("shop", "BasketItem"), rows)


def undo_batches():
    return sum(KeyRange.objects.filter(step__run__direction="backwards").values_list("batches", flat=True))


CHANGES = [updating, transforming, deleting, creating]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("there", "back", "batches"),
    [
        pytest.param(7, 30, 4, id="several forward batches at once"),  # 2 + 4 * 7, 4 * 7, 4 * 7, 2 * 7
        pytest.param(100, 30, 4, id="a forward batch in parts"),  # 30, 30, 20, 20
        pytest.param(25, 24, 4, id="hardly larger ones as they are"),
        pytest.param(20, 1_000, 1, id="all at once"),
    ],
)
def test_undo_takes_batches_of_its_own_size(change, there, back, batches):
    fill_items()
    start = snapshot()
    forwards(patch_of(change, batch_size=there))
    assert snapshot() != start

    backwards(patch_of(change, batch_size=back))

    assert snapshot() == start
    assert undo_batches() == batches


def test_batches_that_changed_few_rows_are_not_taken_together():
    fill_items()

    def few(apps, patch):
        patch.update(apps.get_model("shop", "BasketItem").objects.filter(pk__in=[3, 60, 150, 300]), name="few")

    start = snapshot()
    forwards(patch_of(few, batch_size=10))
    backwards(patch_of(few, batch_size=50))

    assert snapshot() == start
    assert undo_batches() == 4


@pytest.mark.parametrize("name", KEYS)
def test_parts_of_a_batch_are_found_whatever_the_key(name):
    fill_keys(name)
    start = snapshot()

    def change(apps, patch):
        patch.update(apps.get_model("shop", name).objects.all(), name="changed")

    forwards(patch_of(change))
    backwards(patch_of(change, batch_size=2))

    assert snapshot() == start
    assert undo_batches() == 4


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("there", "killed", "back"), [(100, 9, 40), (7, 30, 4), (10, 25, 25)])
def test_an_undo_that_was_killed_goes_on_in_the_middle_of_a_batch_with_another_size(change, there, killed, back):
    fill_items()
    start = snapshot()
    forwards(patch_of(change, batch_size=there))
    statements = statements_of(backwards, patch_of(change, batch_size=killed))
    assert snapshot() == start

    for share in (0.4, 0.6, 0.8):
        forwards(patch_of(change, batch_size=there))
        assert killed_at(int(statements * share), backwards, patch_of(change, batch_size=killed))
        backwards(patch_of(change, batch_size=back))
        assert snapshot() == start


@pytest.mark.parametrize(("there", "back"), [(100, 9), (7, 40)])
def test_rows_that_were_changed_since_are_listed_once(there, back):
    fill_items()
    forwards(patch_of(updating, batch_size=there))
    touched = [3, 6, 150, 300]
    model("BasketItem").objects.filter(pk__in=touched).update(name="another name")

    backwards(patch_of(updating, batch_size=back))

    assert sorted(int(key) for _, key, _, _ in conflicts()) == touched
    assert model("BasketItem").objects.filter(name="another name").count() == len(touched)
    assert model("BasketItem").objects.filter(name__startswith="item").count() == ROWS - len(touched)


def test_rows_that_took_values_from_each_other_come_back_in_their_forward_batches():
    Shelf = model("Shelf")
    Shelf.objects.bulk_create(Shelf(pk=n, name=f"s{n}", position=n) for n in range(1, 21))
    start = snapshot()

    def turn_round(apps, patch):
        patch.update(apps.get_model("shop", "Shelf").objects.all(), position=21 - F("position"))

    forwards(patch_of(turn_round))
    backwards(patch_of(turn_round, batch_size=3))

    assert snapshot() == start
    assert undo_batches() == 1


def test_rows_that_point_at_each_other_go_in_one_batch():
    def plant(apps, patch):
        rows = [{"id": n, "name": f"c{n}", "parent_id": n // 3 or None} for n in range(1, 21)]
        patch.create(apps.get_model("shop", "Category"), rows)

    start = snapshot()
    forwards(patch_of(plant))
    backwards(patch_of(plant, batch_size=3))

    assert snapshot() == start
    assert undo_batches() == 1
