"""``CreateRows`` and ``patch.create``: rows made, and removed again by undo."""

import uuid
from decimal import Decimal

import pytest

from reversible_migrations import operations as ops
from reversible_migrations.exceptions import RefusedQuery, StepFailed
from tests.situations.reaching import reaches_either_end, reaches_the_start
from tests.situations.running import backwards, forwards, killed_at, last_step, migration_of, patch_of, statements_of
from tests.situations.snapshots import snapshot
from tests.situations.stock import FIELD_VALUES, KEYS, fill_keys, model

pytestmark = pytest.mark.usefixtures("shop")

NEW_KEYS = {
    "Shelf": lambda n: {"id": 1_000 + n, "position": 1_000 + n},
    "Product": lambda n: {"id": 1_000 + n},
    "Parcel": lambda n: {"id": uuid.UUID(int=n)},
    "Country": lambda n: {"code": f"new {n}%s"},
    "Word": lambda n: {"word": f"NEW {n}"},
    "OrderLine": lambda n: {"order_number": "new", "line": n},
    "Vehicle": lambda n: {"id": 2_000 + n},
    "Car": lambda n: {"id": 2_000 + n, "seats": 3},
    "Taxi": lambda n: {"id": 2_000 + n, "licence": "new"},
    "GroupSelect": lambda n: {"id": 1_000 + n, "user": 1, "words": "100 %", "long": 3},
}


def making(name):
    made = [{"name": f"made {n}", **NEW_KEYS[name](n)} for n in range(5)]
    return lambda: migration_of(ops.CreateRows(name, made), batch_size=2)


@pytest.mark.parametrize("name", KEYS)
def test_rows_of_any_key_are_made(name):
    fill_keys(name)

    forwards(making(name)())

    assert set(model(name).objects.filter(name__startswith="made").values_list("name", flat=True)) == {
        f"made {n}" for n in range(5)
    }
    assert last_step().rows_done == 5


@pytest.mark.parametrize("name", KEYS)
def test_undo_removes_the_made_rows_and_no_others(name):
    reaches_the_start(lambda: fill_keys(name), making(name))


@pytest.mark.parametrize(("name", "share"), [(name, (i * 3 % 10) / 10 + 0.05) for i, name in enumerate(KEYS)])
def test_a_killed_creation_reaches_either_end_whatever_the_key(name, share):
    reaches_either_end(lambda: fill_keys(name), making(name), shares=[share])


@pytest.mark.parametrize("field", FIELD_VALUES)
def test_rows_with_any_kind_of_value_are_made_and_removed(field):
    values, _ = FIELD_VALUES[field]
    made = [{"name": "made", field: value} for value in values]

    reaches_the_start(lambda: None, lambda: migration_of(ops.CreateRows("Product", made), batch_size=2))


def test_keys_come_back_in_the_order_of_the_rows_at_first_and_after_a_crash():
    fill_keys("Product")
    given = []

    def patch(apps, patch):
        given.append(patch.create(apps.get_model("shop", "Product"), [{"name": f"made {n}"} for n in range(5)]))
        patch.update(apps.get_model("shop", "Product").objects.all(), stock=3)

    whole = statements_of(forwards, patch_of(patch, batch_size=2))
    backwards(patch_of(patch, batch_size=2))
    given.clear()
    assert killed_at(whole - 5, forwards, patch_of(patch, batch_size=2))
    forwards(patch_of(patch, batch_size=2))

    assert given[0] == given[1]
    names = model("Product").objects.in_bulk(given[0])
    assert [names[key].name for key in given[0]] == [f"made {n}" for n in range(5)]


def test_keys_of_each_kind_come_back_as_python_values():
    given = {}

    def patch(apps, patch):
        for name in KEYS:
            rows = [{"name": "made", **NEW_KEYS[name](n)} for n in range(2)]
            given[name] = patch.create(apps.get_model("shop", name), rows)

    forwards(patch_of(patch))

    for name, keys in given.items():
        assert set(keys) == set(model(name).objects.filter(name="made").values_list("pk", flat=True)), name


@pytest.mark.parametrize("ahead", [[1], [40, 12], [5_000_000, 2]])
def test_keys_that_rows_bring_along_are_not_given_once_more(ahead):
    newest = model("Product").objects.create(name="there").pk

    forwards(migration_of(ops.CreateRows("Product", [{"id": newest + key, "name": "made"} for key in ahead])))
    more = [model("Product").objects.create(name="of the application").pk for _ in range(2)]

    assert more == [newest + max(ahead) + 1, newest + max(ahead) + 2]


def test_a_key_below_those_that_were_given_moves_nothing():
    _, second, newest = [model("Product").objects.create(name=name).pk for name in ("one", "two", "three")]
    model("Product").objects.filter(pk=second).delete()

    forwards(migration_of(ops.CreateRows("Product", [{"id": second, "name": "made"}])))

    assert model("Product").objects.create(name="of the application").pk == newest + 1


def test_instances_and_generators_are_taken_as_well_as_dicts():
    def patch(apps, patch):
        Product = apps.get_model("shop", "Product")
        patch.create(Product, (Product(name=f"made {n}") for n in range(3)))
        patch.create(Product, [Product(name="last"), {"name": "very last", "price": Decimal("1.5")}])

    forwards(patch_of(patch))

    assert model("Product").objects.count() == 5


def test_database_defaults_and_generated_columns_are_filled_by_the_database():
    def patch(apps, patch):
        patch.create(apps.get_model("shop", "Product"), [{"name": "made"}, {"name": "more", "stock": 3}])

    forwards(patch_of(patch))

    assert list(model("Product").objects.order_by("pk").values_list("stock", "doubled")) == [(7, 14), (3, 6)]


def test_rows_that_point_at_made_rows_are_made_in_the_same_patch_and_removed_with_them():
    def patch(apps, patch):
        Category, Product = apps.get_model("shop", "Category"), apps.get_model("shop", "Product")
        Through = Product.categories.through
        [first, second] = patch.create(
            Category, [{"id": 1, "name": "root"}, {"id": 2, "name": "child", "parent_id": 1}]
        )
        [product] = patch.create(Product, [{"id": 1, "name": "made"}])
        patch.create(Through, [{"id": 1, "product_id": product, "category_id": first}])
        patch.create(Through, [{"id": 2, "product_id": product, "category_id": second}])

    reaches_either_end(lambda: None, lambda: patch_of(patch), shares=[0.3, 0.6, 0.9])


def test_rows_that_point_at_each_other_within_one_call_are_removed():
    made = [{"id": n, "name": f"c{n}", "parent_id": n - 1 or None} for n in range(1, 8)]

    reaches_either_end(lambda: None, lambda: migration_of(ops.CreateRows("Category", made), batch_size=3), shares=[0.5])


def test_a_row_that_the_database_refuses_stops_the_step_and_makes_none():
    fill_keys("Shelf")
    start = snapshot()
    made = [{"id": 50, "name": "good", "position": 50}, {"id": 51, "name": "bad", "position": 3}]

    with pytest.raises(
        StepFailed, match=r"(?s)0 rows are changed.*Run `manage\.py migrate shop 0100_tested`"
    ) as failed:
        forwards(migration_of(ops.CreateRows("Shelf", made)))

    assert "position" in str(failed.value)
    assert snapshot() == start
    model("Shelf").objects.filter(position=3).update(position=300)
    forwards(migration_of(ops.CreateRows("Shelf", made)))
    assert model("Shelf").objects.filter(name__in=["good", "bad"]).count() == 2


def test_unknown_fields_are_refused_before_anything_runs():
    with pytest.raises(RefusedQuery, match="has a value for 'nmae'"):
        forwards(migration_of(ops.CreateRows("Product", [{"name": "a"}, {"nmae": "b"}])))

    assert not model("Product").objects.exists()


def test_no_rows_make_no_journal():
    def patch(apps, patch):
        assert patch.create(apps.get_model("shop", "Product"), []) == []

    forwards(patch_of(patch))

    assert not last_step().journals.exists()


def test_sequences_are_not_moved_back_by_undo():
    patch = migration_of(ops.CreateRows("Product", [{"name": "made"}] * 3))
    forwards(patch)
    highest = max(model("Product").objects.values_list("pk", flat=True))

    backwards(patch)

    assert model("Product").objects.create(name="next").pk > highest


def test_the_operation_says_what_it_does():
    operation = ops.CreateRows("Product", [{"name": "a"}, {"name": "b"}])

    assert operation.describe() == "Create 2 Product rows (recorded, undone from the record)"
