"""A patch whose code changed after a crash is not run on: the error says which step and how to go on."""

import pytest
from django.db.models import F

from reversible_migrations.exceptions import PatchChanged
from tests.situations.running import backwards, forwards, killed_at, patch_of, statements_of
from tests.situations.snapshots import snapshot
from tests.situations.stock import fill_products, model

pytestmark = pytest.mark.usefixtures("shop")


def old(apps, patch):
    Product = apps.get_model("shop", "Product")
    patch.update(Product.objects.filter(stock__gt=0), stock=F("stock") + 1)
    patch.transform(Product.objects.all(), lambda row: {"name": row.name.upper()}, fields=["name"])
    patch.update(Product.objects.all(), text="done")


def other_condition(apps, patch):
    Product = apps.get_model("shop", "Product")
    patch.update(Product.objects.filter(stock__gt=1), stock=F("stock") + 1)


def other_value(apps, patch):
    Product = apps.get_model("shop", "Product")
    patch.update(Product.objects.filter(stock__gt=0), stock=F("stock") + 2)


def other_kind(apps, patch):
    patch.delete(apps.get_model("shop", "Product").objects.filter(stock__gt=0))


def other_model(apps, patch):
    patch.update(apps.get_model("shop", "Customer").objects.all(), name="x")


def one_call_more_in_front(apps, patch):
    patch.update(apps.get_model("shop", "Product").objects.all(), number=1)
    old(apps, patch)


def calls_left_out(apps, patch):
    Product = apps.get_model("shop", "Product")
    patch.update(Product.objects.filter(stock__gt=0), stock=F("stock") + 1)


@pytest.mark.parametrize(
    "changed", [other_condition, other_value, other_kind, other_model, one_call_more_in_front, calls_left_out]
)
def test_changed_code_is_refused_and_the_old_one_goes_on(changed):
    fill_products("stock", range(1, 7))
    start = snapshot()
    whole = statements_of(forwards, patch_of(old, batch_size=2))
    end = snapshot()
    backwards(patch_of(old, batch_size=2))
    assert killed_at(int(whole * 0.8), forwards, patch_of(old, batch_size=2))
    before = snapshot()

    with pytest.raises(PatchChanged) as refused:
        forwards(patch_of(changed, batch_size=2))

    message = str(refused.value)
    assert message.startswith("shop.0100_tested, step ")
    assert "nothing more was run" in message
    assert "Put the old code back and run `migrate` again, or undo what was done with" in message
    assert snapshot() == before
    forwards(patch_of(old, batch_size=2))
    assert snapshot() == end
    backwards(patch_of(old, batch_size=2))
    assert snapshot() == start


def test_what_was_done_by_the_old_code_is_undone_though_the_code_has_changed():
    fill_products("stock", range(1, 7))
    start = snapshot()
    whole = statements_of(forwards, patch_of(old, batch_size=2))
    backwards(patch_of(old, batch_size=2))
    assert killed_at(int(whole * 0.6), forwards, patch_of(old, batch_size=2))

    backwards(patch_of(other_kind, batch_size=2))

    assert snapshot() == start
    forwards(patch_of(other_kind, batch_size=2))
    assert not model("Product").objects.exists()


def test_another_batch_size_and_another_function_are_no_change():
    fill_products("stock", range(1, 7))
    whole = statements_of(forwards, patch_of(old, batch_size=2))
    end = snapshot()
    backwards(patch_of(old, batch_size=2))
    assert killed_at(int(whole * 0.4), forwards, patch_of(old, batch_size=2))

    forwards(patch_of(old, batch_size=1))

    assert snapshot() == end
