"""Several workers delete from one table: where their ranges share no row, and all of it comes back."""

import pytest
from django.db import connection
from django.db.models import Exists, OuterRef, Q

from reversible_migrations.models import Event, KeyRange
from tests.batches.rows import COUNTRY, LINE, PARCEL, fill, skewed
from tests.situations.running import backwards, conflicts, forwards, last_step, patch_of
from tests.situations.snapshots import snapshot
from tests.situations.stock import model

pytestmark = [
    pytest.mark.usefixtures("shop"),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer"),
]

ROWS = 12_000


def fill_baskets(rows=ROWS):
    """``rows`` baskets of one customer, with as many deposits, and two items in each second of them."""
    model("Customer").objects.create(pk=1, name="a customer")
    fill("Basket", rows, id="n", customer_id="1")
    fill("BasketItem", rows, id="n", basket_id="n - (n - 1) % 2", name="'item ' || n")
    fill("Deposit", rows, id="n", customer_id="1", basket_id="n")


def two_thirds(apps, patch):
    patch.delete(apps.get_model("shop", "Basket").objects.exclude(pk__in=range(1, ROWS + 1, 3)))


def deletion_of(name, where=None):
    where = where or Q()

    def delete(apps, patch):
        patch.delete(apps.get_model("shop", name).objects.filter(where))

    return delete


def ranges(direction="forwards"):
    return KeyRange.objects.filter(step__run__direction=direction)


def notes():
    return [event.text for event in Event.objects.filter(kind="note")]


@pytest.mark.parametrize(("there", "back"), [(2, 3), (4, 1), (1, 2)])
def test_rows_and_all_that_goes_with_them_are_deleted_once_and_come_back(there, back):
    fill_baskets()
    start = snapshot()

    forwards(patch_of(two_thirds, parallel=there, batch_size=700))

    left = set(range(1, ROWS + 1, 3))
    assert set(model("Basket").objects.values_list("pk", flat=True)) == left
    assert set(model("Deposit").objects.values_list("basket", flat=True)) == left
    assert set(model("BasketItem").objects.values_list("basket", flat=True)) <= left
    assert (last_step().rows_seen, last_step().rows_done) == (ROWS, ROWS * 2 // 3)
    assert ranges().count() > 1
    assert notes() == []

    backwards(patch_of(two_thirds, parallel=back, batch_size=700))

    assert snapshot() == start
    assert not conflicts()
    assert (ranges("backwards").count() > 1) == (back > 1)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        pytest.param("Country", COUNTRY, id="text"),
        pytest.param("Parcel", PARCEL, id="uuid"),
        pytest.param("OrderLine", LINE, id="composite"),
        pytest.param("Product", skewed(ROWS), id="nine in ten rows in one percent of the keys"),
    ],
)
def test_rows_with_keys_of_any_kind_are_deleted_once_and_come_back(name, columns):
    fill(name, ROWS, **columns)
    start = snapshot(name)
    delete = deletion_of(name, ~Q(name__endswith="7"))

    forwards(patch_of(delete, parallel=2, batch_size=700))

    assert model(name).objects.count() == ROWS // 10
    assert last_step().rows_done == ROWS - ROWS // 10
    assert ranges().count() > 1

    backwards(patch_of(delete, parallel=2, batch_size=700))

    assert snapshot(name) == start
    assert not conflicts()


def test_rows_that_lost_a_reference_have_it_back():
    fill("Supplier", 4, id="n", name="'supplier ' || n")
    fill("Product", ROWS, **skewed(ROWS))
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO shop_supply (product_id, supplier_id, days) SELECT id, 1, 3 FROM shop_product")
    start = snapshot()
    delete = deletion_of("Product", Q(name__endswith="3"))

    forwards(patch_of(delete, parallel=2, batch_size=700))

    assert model("Supply").objects.count() == ROWS - ROWS // 10
    backwards(patch_of(delete, parallel=2, batch_size=700))
    assert snapshot() == start


def test_what_took_the_place_of_a_deleted_row_is_kept_by_every_worker():
    fill_baskets()
    forwards(patch_of(two_thirds, parallel=2))
    model("Customer").objects.create(pk=2, name="another customer")
    taken = [2, 5_000, 11_999]
    model("Basket").objects.bulk_create([model("Basket")(pk=key, customer_id=2) for key in taken])

    backwards(patch_of(two_thirds, parallel=3))

    assert sorted(model("Basket").objects.filter(customer=2).values_list("pk", flat=True)) == taken
    assert model("Basket").objects.count() == ROWS
    assert sorted(int(key) for table, key, reason, _ in conflicts() if reason == "re-created") == taken


def same_name():
    later = model("Product").objects.filter(name=OuterRef("name"), pk__gt=OuterRef("pk"))
    return Q(Exists(later))


DEPENDENT = [
    pytest.param("Category", None, "a row of shop.Category can be reached in several ways", id="to itself"),
    pytest.param("Customer", None, "a row of shop.Invoice can be reached in several ways", id="to another one"),
    pytest.param("Taxi", None, "a row of shop.Taxi goes with its parent's", id="inherited"),
    pytest.param(
        "Basket",
        Q(basketitem__name="item 1"),
        "its condition reads other rows of shop.Basket, or rows that go with them",
        id="by rows that go",
    ),
    pytest.param(
        "Product",
        same_name,
        "its condition reads other rows of shop.Product, or rows that go with them",
        id="by others of its own",
    ),
]


@pytest.mark.parametrize(("name", "where", "why"), DEPENDENT)
def test_where_ranges_could_meet_in_a_row_it_stays_with_one_and_says_so(name, where, why):
    fill_baskets(300)
    fill("Category", ROWS, id="n", name="'category ' || n", parent_id="nullif(n / 100, 0)")
    fill("Product", 20, **skewed(20))
    model("Taxi").objects.create(pk=1_000, name="a taxi", licence="1")
    delete = deletion_of(name, where() if callable(where) else where)

    forwards(patch_of(delete, parallel=2))

    assert ranges().count() == 1
    assert notes() == [f"Deletion of shop.{name} stays with one worker (parallel = 2): {why}."]


def test_a_large_tree_is_deleted_and_comes_back_whatever_was_asked_for():
    fill("Category", ROWS, id="n", name="'category ' || n", parent_id="nullif(n / 30, 0)")
    start = snapshot()
    delete = deletion_of("Category", Q(pk__lt=ROWS / 2))

    forwards(patch_of(delete, parallel=3, batch_size=700))
    assert not model("Category").objects.filter(pk__lt=ROWS / 2).exists()

    backwards(patch_of(delete, parallel=3, batch_size=700))
    assert snapshot() == start
