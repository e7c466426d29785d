"""Several workers on one table: every row is changed once, recorded once, and comes back."""

import threading

import pytest
from django.db import connection, connections
from django.db.models import F
from django.db.models.functions import Now

from reversible_migrations.exceptions import StepFailed, TooManyFailures
from reversible_migrations.models import Event, KeyRange, QuarantinedRow, Run, Step, Wish
from reversible_migrations.operations.process_rows import process_rows
from tests.situations.running import backwards, conflicts, forwards, last_step, patch_of
from tests.situations.stock import model

pytestmark = pytest.mark.usefixtures("shop")
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")

ROWS = 30_000


def fill(rows=ROWS):
    Product = model("Product")
    if connection.vendor == "sqlite":
        Product.objects.bulk_create(Product(pk=n, name=f"p{n}", stock=n) for n in range(1, rows + 1))
        return
    first = Product.objects.create(pk=1, name="p1", stock=1)
    columns = [
        f.column for f in Product._meta.concrete_fields if not f.generated and f.column not in ("id", "stock", "name")
    ]
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO shop_product (id, stock, name, {names}) SELECT n, n, 'p' || n, {names}"
            f" FROM shop_product, generate_series(2, {rows}) AS n WHERE id = {first.pk}"
        )
        cursor.execute("ANALYZE shop_product")


def stocks():
    return dict(model("Product").objects.values_list("pk", "stock"))


def add_one(apps, patch):
    patch.update(apps.get_model("shop", "Product").objects.all(), stock=F("stock") + 1)


def add_one_by_python(apps, patch):
    patch.transform(apps.get_model("shop", "Product").objects.all(), lambda row: {"stock": row.stock + 1}, ["stock"])


START = {n: n for n in range(1, ROWS + 1)}
CHANGED = {n: n + 1 for n in range(1, ROWS + 1)}


@on_postgresql
@pytest.mark.parametrize(("there", "back"), [(2, 3), (4, 1), (1, 2)])
@pytest.mark.parametrize("change", [add_one, add_one_by_python])
def test_every_row_is_changed_once_and_comes_back(change, there, back):
    fill()

    forwards(patch_of(change, parallel=there))

    step = Step.objects.get()
    assert stocks() == CHANGED
    assert (step.rows_seen, step.rows_done) == (ROWS, ROWS)
    assert step.ranges.count() > 1
    assert set(step.ranges.values_list("status", flat=True)) == {"done"}
    assert step.journals.get().rows == ROWS

    backwards(patch_of(change, parallel=back))

    assert stocks() == START
    assert last_step("backwards").rows_done == ROWS
    assert not conflicts()


@on_postgresql
def test_what_was_changed_since_is_kept_by_every_worker():
    fill()
    forwards(patch_of(add_one, parallel=3))
    touched = [1, 9_999, 15_000, ROWS]
    model("Product").objects.filter(pk__in=touched).update(stock=-1)

    backwards(patch_of(add_one, parallel=3))

    assert stocks() == START | dict.fromkeys(touched, -1)
    assert sorted(int(key) for _, key, _, _ in conflicts()) == touched


@on_postgresql
def test_values_that_rows_took_from_each_other_come_back_by_one_worker():
    Shelf = model("Shelf")
    Shelf.objects.bulk_create(Shelf(pk=n, name=f"s{n}", position=n) for n in range(1, ROWS + 1))

    def one_down(apps, patch):
        patch.update(apps.get_model("shop", "Shelf").objects.all(), position=F("position") - 1)

    forwards(patch_of(one_down, batch_size=700))
    assert list(Shelf.objects.order_by("pk").values_list("position", flat=True)) == list(range(ROWS))

    backwards(patch_of(one_down, parallel=3))

    assert list(Shelf.objects.order_by("pk").values_list("position", flat=True)) == list(range(1, ROWS + 1))
    assert not conflicts()
    assert KeyRange.objects.filter(step__run__direction="backwards").count() == 1


@on_postgresql
def test_created_rows_go_by_several_workers_and_those_in_use_stay():
    def create(apps, patch):
        patch.create(apps.get_model("shop", "Customer"), [{"name": f"c{n}"} for n in range(5_000)])

    forwards(patch_of(create, batch_size=500))
    Customer = model("Customer")
    renamed, used = Customer.objects.order_by("pk")[2_000:2_002]
    Customer.objects.filter(pk=renamed.pk).update(name="another name")
    model("Basket").objects.create(customer_id=used.pk)

    backwards(patch_of(create, parallel=2))

    assert set(Customer.objects.values_list("pk", flat=True)) == {renamed.pk, used.pk}
    assert KeyRange.objects.filter(step__run__direction="backwards").count() > 1


@on_postgresql
def test_rows_set_aside_in_several_ranges_are_counted_together_and_tried_again():
    fill()
    bad = {5, 10_005, 25_005}

    def change(row):
        if row.pk in bad:
            raise ValueError
        return {"stock": row.stock + 1}

    def patch(apps, patch):
        patch.transform(apps.get_model("shop", "Product").objects.all(), change, ["stock"])

    forwards(patch_of(patch, parallel=2, max_failed_share=0.5))
    assert Step.objects.get().rows_failed == 3
    assert QuarantinedRow.objects.values("range").distinct().count() > 1
    assert stocks() == CHANGED | {n: n for n in bad}

    backwards(patch_of(patch, parallel=2))
    assert stocks() == START


@on_postgresql
def test_too_many_failures_of_all_workers_together_stop_the_run():
    fill()

    def change(row):
        if row.pk % 3 == 0:
            raise ValueError
        return {"stock": row.stock + 1}

    def patch(apps, patch):
        patch.transform(apps.get_model("shop", "Product").objects.all(), change, ["stock"])

    with pytest.raises(TooManyFailures):
        forwards(patch_of(patch, parallel=2))
    assert Run.objects.get().status == "failed"

    backwards(patch_of(patch, parallel=2))
    assert stocks() == START


@on_postgresql
def test_a_worker_that_fails_ends_the_others_and_the_run_goes_on_afterwards():
    fill()
    broken = threading.Event()
    broken.set()

    def patch(apps, patch):
        def change(rows):
            if broken.is_set() and any(row.pk == 20_000 for row in rows):
                raise connections["default"].Database.ProgrammingError("no such thing")
            Product = apps.get_model("shop", "Product")
            Product.objects.filter(pk__in=[row.pk for row in rows]).update(stock=F("stock") + 1)

        process_rows(patch._run, apps.get_model("shop", "Product").objects.all(), change)

    migration = patch_of(patch, parallel=3, irreversible="a test", max_failed_share=0)
    with pytest.raises((StepFailed, TooManyFailures)):
        forwards(migration)
    assert threading.active_count() <= 2
    assert stocks() != CHANGED

    broken.clear()
    forwards(patch_of(patch, parallel=3, irreversible="a test", max_failed_share=0))

    assert stocks() == CHANGED


@on_postgresql
def test_more_and_fewer_workers_are_taken_on_while_it_runs():
    fill()
    seen = set()

    def change(row):
        seen.add(threading.current_thread().name)
        if row.pk == 500:  # in the first range
            run = Run.objects.using("default").get(status="running")
            Wish.objects.create(run=run, action="set", options={"PARALLEL": 3}, by="a test", at=Now())
        return {"stock": row.stock + 1}

    def patch(apps, patch):
        patch.transform(apps.get_model("shop", "Product").objects.all(), change, ["stock"])

    forwards(patch_of(patch, batch_size=400, pause_seconds=0.05))

    assert stocks() == CHANGED
    assert len(seen) >= 3
    assert Wish.objects.get().heeded_at is not None


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a matter of SQLite")
def test_sqlite_stays_with_one_worker_and_says_so():
    fill(300)

    forwards(patch_of(add_one, parallel=4, batch_size=50))

    assert KeyRange.objects.count() == 1
    assert Event.objects.get(kind="note").text == (
        "This database has one writer at a time: parallel = 4 is taken as 1."
    )
