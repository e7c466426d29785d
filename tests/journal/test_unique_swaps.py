"""Unique values of each type that change places within one batch, forwards and back."""

import datetime
import uuid

import pytest
from django.db import connection
from django.db.models import Case, F, Value, When

from reversible_migrations import operations as ops
from tests.situations.reaching import reaches_the_start
from tests.situations.running import migration_of
from tests.situations.stock import fill_products, model

VALUES = {
    "name": ["product 1", "product 2", "product 3", "product 4"],
    "text": ["a", "B", "", "ü 100%"],
    "maker": [uuid.UUID(int=n) for n in (1, 2, 3, 2**128 - 1)],
    "made_on": [datetime.date(2024, 2, n) for n in (26, 27, 28, 29)],
    "number": [1, 2, 3, -(2**40)],
}


@pytest.fixture(params=VALUES)
def unique(request, shop):
    """The name of a column of ``Product`` that has a unique index for the time of the test."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE UNIQUE INDEX tested_unique ON shop_product ({request.param})")
    yield request.param
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX tested_unique")


def fill(field, nulls):
    values = [*VALUES[field], *[None] * nulls]
    if field == "name":
        fill_products("stock", range(4))
    else:
        fill_products(field, values)


def reversed_values(field):
    """Return old value to new one: the first becomes the last, and so on."""
    return dict(zip(VALUES[field], reversed(VALUES[field]), strict=True))


@pytest.mark.parametrize("nulls", [0, 2])
def test_an_update_in_one_batch_swaps_them_and_undo_swaps_them_back(unique, nulls):
    swapped = [When(**{unique: old}, then=Value(new)) for old, new in reversed_values(unique).items()]
    field = model("Product")._meta.get_field(unique)
    operation = ops.UpdateRows("Product", {unique: Case(*swapped, default=F(unique), output_field=field)})

    reaches_the_start(lambda: fill(unique, nulls), lambda: migration_of(operation, batch_size=10))


@pytest.mark.parametrize("nulls", [0, 2])
def test_a_transform_in_one_batch_swaps_them_and_undo_swaps_them_back(unique, nulls):
    new = reversed_values(unique)
    operation = ops.TransformRows("Product", lambda row: {unique: new.get(getattr(row, unique))}, fields=[unique])

    reaches_the_start(lambda: fill(unique, nulls), lambda: migration_of(operation, batch_size=10))


def test_a_value_and_null_change_places(unique):
    if unique == "name":
        pytest.skip("a name cannot be NULL")
    first = VALUES[unique][0]

    def swapped(row):
        return {unique: {None: first, first: None}.get(getattr(row, unique), getattr(row, unique))}

    operation = ops.TransformRows("Product", swapped, fields=[unique])

    reaches_the_start(lambda: fill(unique, 1), lambda: migration_of(operation, batch_size=10))
