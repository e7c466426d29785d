"""What cannot be cut into key ranges, written or recorded is refused before anything runs, with the way on."""

import pytest
from django.db.models import F, Value

from reversible_migrations.exceptions import RefusedQuery
from reversible_migrations.models import Step
from tests.situations.running import backwards, forwards, patch_of, runs
from tests.situations.snapshots import journal_tables, snapshot
from tests.situations.stock import fill_keys, fill_products, model

pytestmark = pytest.mark.usefixtures("shop")

UNFIT = {
    "sliced": lambda rows: rows[:2],
    "ordered": lambda rows: rows.order_by("name"),
    "distinct": lambda rows: rows.distinct(),
    "combined (union, intersection or difference)": lambda rows: rows.union(rows),
    "asked for values() instead of rows": lambda rows: rows.values("name"),
}


@pytest.mark.parametrize("call", ["update", "transform", "delete"])
@pytest.mark.parametrize("fault", UNFIT)
def test_unfit_query_sets_are_refused(fault, call):
    fill_products("stock", [1, 2])
    start = snapshot()

    def patch(apps, patch):
        rows = UNFIT[fault](apps.get_model("shop", "Product").objects.all())
        if call == "update":
            patch.update(rows, stock=1)
        elif call == "transform":
            patch.transform(rows, lambda row: {"stock": 1}, fields=["stock"])
        else:
            patch.delete(rows)

    with pytest.raises(RefusedQuery) as refused:
        forwards(patch_of(patch))

    message = str(refused.value)
    assert message.startswith("shop.0100_tested, ")
    assert f"the query set of shop.Product is {fault}" in message
    assert "Nothing was run. Choose the rows by filter() alone" in message
    assert snapshot() == start
    assert not Step.objects.exists()
    assert journal_tables() == []


def other(rows, apps):
    return apps.get_model("shop", "Basket").objects.get(pk=1).customer


REFUSED_VALUES = {
    "unknown field": ({"stokc": 1}, "has no field 'stokc'.*Did you mean 'stock'"),
    "the key": ({"id": 5}, r"is \(part of\) the primary key.*patch.record"),
    "generated column": ({"doubled": 5}, "is a generated column.*Change its sources"),
    "many to many": ({"categories": 5}, "is not a column of its table.*through model"),
    "relation of others": ({"supply": 5}, "is not a column of its table"),
    "joined expression": ({"name": F("supply__days")}, r"Use Subquery\(\.\.\.\)"),
    "no value": ({}, "no field to change is named"),
}


@pytest.mark.parametrize("kind", REFUSED_VALUES)
def test_values_that_cannot_be_written_are_refused(kind):
    fill_products("stock", [1, 2])
    start = snapshot()
    values, why = REFUSED_VALUES[kind]

    with pytest.raises(RefusedQuery, match=f"(?s){why}"):
        forwards(patch_of(lambda apps, patch: patch.update(apps.get_model("shop", "Product").objects.all(), **values)))

    assert snapshot() == start
    assert not Step.objects.exists()


@pytest.mark.parametrize(("name", "field"), [("OrderLine", "line"), ("Taxi", "car_ptr"), ("Country", "code")])
def test_parts_of_keys_are_refused_too(name, field):
    fill_keys(name)

    with pytest.raises(RefusedQuery, match="primary key"):
        forwards(patch_of(lambda apps, patch: patch.update(apps.get_model("shop", name).objects.all(), **{field: 1})))


@pytest.mark.parametrize("fields", [["stokc"], ["id"], ["doubled"], ["categories"], []])
def test_a_transform_of_such_fields_is_refused(fields):
    fill_products("stock", [1])

    def patch(apps, patch):
        patch.transform(apps.get_model("shop", "Product").objects.all(), lambda row: None, fields=fields)

    with pytest.raises(RefusedQuery, match="Nothing was run"):
        forwards(patch_of(patch))


def test_what_is_no_query_set_is_refused():
    def patch(apps, patch):
        patch.update(apps.get_model("shop", "Product").objects, stock=1)

    with pytest.raises(RefusedQuery, match="a query set is needed, not "):
        forwards(patch_of(patch))


def test_after_a_refusal_the_mended_patch_runs_and_what_was_done_before_it_stays():
    fill_products("stock", [1, 2])
    start = snapshot()

    def broken(apps, patch):
        Product = apps.get_model("shop", "Product")
        patch.update(Product.objects.all(), name=Value("x"))
        patch.update(Product.objects.order_by("name"), stock=9)

    def mended(apps, patch):
        Product = apps.get_model("shop", "Product")
        patch.update(Product.objects.all(), name=Value("x"))
        patch.update(Product.objects.all(), stock=9)

    with pytest.raises(RefusedQuery):
        forwards(patch_of(broken))
    forwards(patch_of(mended))

    assert set(model("Product").objects.values_list("name", "stock")) == {("x", 9)}
    assert len(runs()) == 1
    backwards(patch_of(mended))
    assert snapshot() == start
