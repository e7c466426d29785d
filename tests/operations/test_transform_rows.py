"""``TransformRows`` and ``patch.transform``: rows changed by a Python function."""

import decimal

import pytest
from django.db import connection
from django.db.models import Q

from reversible_migrations import operations as ops
from reversible_migrations.exceptions import RefusedQuery, Skip, StepFailed, TooManyFailures
from tests.situations.reaching import reaches_either_end, reaches_the_start
from tests.situations.running import (
    Interrupted,
    backwards,
    forwards,
    interrupting,
    last_step,
    migration_of,
    patch_of,
    quarantined,
)
from tests.situations.snapshots import rows, snapshot
from tests.situations.stock import FIELD_VALUES, KEYS, fill_keys, fill_products, model

pytestmark = pytest.mark.usefixtures("shop")


def shout(row):
    row.name = row.name.upper()


def shouting(name):
    some = Q(name__in=["row 1", "row 2", "row 4", "row 5", "row 7"])
    return lambda: migration_of(ops.TransformRows(name, shout, fields=["name"], where=some), batch_size=2)


@pytest.mark.parametrize("name", KEYS)
def test_the_function_changes_the_rows_whatever_their_key(name):
    fill_keys(name)

    forwards(shouting(name)())

    shouted = set(model(name).objects.filter(name__startswith="ROW").values_list("name", flat=True))
    assert shouted >= {"ROW 1", "ROW 2", "ROW 4", "ROW 5", "ROW 7"}
    assert set(model(name).objects.filter(name__startswith="row").values_list("name", flat=True)) >= {"row 3", "row 6"}
    assert last_step().rows_done == 5


@pytest.mark.parametrize("name", KEYS)
def test_undo_reaches_the_start_whatever_the_key(name):
    reaches_the_start(lambda: fill_keys(name), shouting(name))


@pytest.mark.parametrize(("name", "share"), [(name, (i * 7 % 10) / 10 + 0.05) for i, name in enumerate(KEYS)])
def test_a_killed_transform_reaches_either_end_whatever_the_key(name, share):
    reaches_either_end(lambda: fill_keys(name), shouting(name), shares=[share])


@pytest.mark.parametrize("field", FIELD_VALUES)
def test_every_kind_of_field_gets_what_save_would_write_and_comes_back_bit_for_bit(field):
    values, new = FIELD_VALUES[field]
    fill_products(field, values)
    start = snapshot()
    for row in model("Product").objects.order_by("pk"):
        setattr(row, field, new)
        row.save(update_fields=[field])
    expected = rows("Product")
    for row, value in zip(model("Product").objects.order_by("pk"), values, strict=True):
        setattr(row, field, value)
        row.save(update_fields=[field])
    assert snapshot() == start

    patch = migration_of(ops.TransformRows("Product", lambda row: {field: new}, fields=[field]), batch_size=2)
    forwards(patch)

    assert rows("Product") == expected
    backwards(patch)
    assert snapshot() == start


@pytest.mark.parametrize("field", [field for field in FIELD_VALUES if field != "stock"])
def test_every_kind_of_field_may_be_emptied_by_the_function(field):
    values, _ = FIELD_VALUES[field]

    reaches_the_start(
        lambda: fill_products(field, values),
        lambda: migration_of(ops.TransformRows("Product", lambda row: {field: None}, fields=[field]), batch_size=3),
    )


def test_fields_of_parent_and_child_change_together():
    def change(row):
        row.name, row.seats, row.licence = f"{row.name}!", row.seats * 2, f"{row.licence}?"

    def patch(apps, patch):
        patch.transform(apps.get_model("shop", "Taxi").objects.all(), change, fields=["licence", "name", "seats"])

    reaches_either_end(lambda: fill_keys("Taxi"), lambda: patch_of(patch, batch_size=2), shares=[0.4, 0.8])


def test_a_value_changed_in_place_is_noticed():
    def change(row):
        row.tags["seen"] = True

    def fill():
        fill_products("tags", [{"a": 1}, {"b": [2]}, {}])

    reaches_the_start(fill, lambda: migration_of(ops.TransformRows("Product", change, fields=["tags"])))


def test_a_value_that_changes_its_type_alone_is_written():
    fill_products("tags", [1, 0])

    forwards(migration_of(ops.TransformRows("Product", lambda row: {"tags": bool(row.tags)}, fields=["tags"])))

    assert list(model("Product").objects.order_by("pk").values_list("tags", flat=True)) == [True, False]
    assert last_step().rows_done == 2


def test_rows_that_the_function_leaves_alone_or_skips_are_neither_written_nor_recorded():
    fill_products("stock", [1, 2, 3, 4])

    def change(row):
        if row.stock == 1:
            raise Skip
        return {"stock": 3} if row.stock > 2 else None

    forwards(migration_of(ops.TransformRows("Product", change, fields=["stock"])))

    step = last_step()
    assert (step.rows_seen, step.rows_done, step.rows_skipped, step.rows_failed) == (4, 1, 1, 0)
    assert step.journals.get().rows == 1


def test_a_field_that_is_not_named_is_not_written():
    fill_products("stock", [1, 2])

    def change(row):
        row.stock, row.name = 9, "not to be written"

    forwards(migration_of(ops.TransformRows("Product", change, fields=["stock"])))

    assert not model("Product").objects.filter(name="not to be written").exists()


def test_a_returned_value_for_another_field_is_refused():
    fill_products("stock", [1, 2, 3])
    start = snapshot()

    with pytest.raises(RefusedQuery, match=r"returned a value for 'name'.*was rolled back.*Add it to fields"):
        forwards(migration_of(ops.TransformRows("Product", lambda row: {"name": "x"}, fields=["stock"])))

    assert snapshot() == start


def test_a_row_that_makes_the_function_raise_is_set_aside_and_the_others_go_on():
    def fill():
        fill_products("stock", range(1, 8))

    def change(row):
        return {"stock": 100 // (row.stock - 3)}

    patch = migration_of(ops.TransformRows("Product", change, fields=["stock"]), batch_size=2, max_failed_share=0.5)
    fill()
    start = snapshot()

    forwards(patch)

    assert [(str(key[0]), error) for key, error in quarantined()] == [("3", "ZeroDivisionError")]
    assert last_step().rows_done == 6
    assert model("Product").objects.get(pk=3).stock == 3
    backwards(patch)
    assert snapshot() == start


def test_too_many_failures_stop_the_step_and_mending_the_code_goes_on_with_the_failed_rows_too():
    fill_products("stock", range(1, 21))
    start = snapshot()

    def broken(row):
        if row.stock in (2, 5, 11):
            raise ValueError("secret value")
        return {"stock": row.stock + 100}

    with pytest.raises(TooManyFailures) as stopped:
        forwards(migration_of(ops.TransformRows("Product", broken, fields=["stock"]), batch_size=4))
    assert "secret value" not in str(stopped.value)
    assert "max_failed_share = 0.01" in str(stopped.value)
    assert "lists their keys" in str(stopped.value)

    mended = migration_of(
        ops.TransformRows("Product", lambda row: {"stock": row.stock + 100}, fields=["stock"]), batch_size=4
    )
    forwards(mended)

    assert set(model("Product").objects.values_list("stock", flat=True)) == set(range(101, 121))
    assert quarantined() == []
    backwards(mended)
    assert snapshot() == start


def test_a_value_that_the_database_refuses_sets_its_row_aside():
    fill_keys("Shelf")
    start = snapshot()

    def change(row):
        return {"position": 4 if row.position == 6 else row.position + 100}

    patch = migration_of(ops.TransformRows("Shelf", change, fields=["position"]), batch_size=10, max_failed_share=0.5)
    model("Shelf").objects.filter(position=4).update(position=1_000)
    model("Shelf").objects.create(id=2_000, name="taken", position=4)
    forwards(
        migration_of(
            ops.TransformRows("Shelf", change, fields=["position"], where=Q(position__lt=900) & ~Q(position=4)),
            batch_size=10,
            max_failed_share=0.5,
        )
    )

    assert [str(key[0]) for key, _ in quarantined()] == ["36"]
    assert last_step().rows_done == 5
    backwards(patch)
    model("Shelf").objects.filter(id=2_000).delete()
    model("Shelf").objects.filter(position=1_000).update(position=4)
    assert snapshot() == start


def test_ctrl_c_in_the_function_leaves_a_run_that_goes_on():
    fill_products("stock", range(1, 10))
    start = snapshot()

    def change(row):
        return {"stock": row.stock * 2}

    def patch_with(function):
        return migration_of(ops.TransformRows("Product", function, fields=["stock"]), batch_size=2)

    with pytest.raises(Interrupted):
        forwards(patch_with(interrupting(change, at=6)))
    assert last_step().run.status == "interrupted"
    assert last_step().rows_done == 4
    forwards(patch_with(change))

    assert list(model("Product").objects.order_by("pk").values_list("stock", flat=True)) == list(range(2, 20, 2))
    backwards(patch_with(change))
    assert snapshot() == start


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite stores it")
def test_a_decimal_with_too_many_digits_ends_as_an_error_of_ours():
    fill_products("price", [decimal.Decimal(1)] * 3)
    start = snapshot()

    with pytest.raises((TooManyFailures, StepFailed)):
        forwards(
            migration_of(
                ops.TransformRows("Product", lambda row: {"price": decimal.Decimal(10) ** 12}, fields=["price"])
            )
        )

    assert snapshot() == start


def test_the_operation_says_what_it_does():
    operation = ops.TransformRows("Product", shout, fields=["name"])

    assert operation.describe() == "Transform name of Product rows by shout (recorded, undone from the record)"
