"""References whose old row and whose new row are both in question: undo ends, and lists what it left."""

import pytest

from reversible_migrations import operations as ops
from reversible_migrations.models import Run
from tests.situations.running import backwards, conflicts, forwards, migration_of
from tests.situations.stock import model

pytestmark = pytest.mark.usefixtures("shop")


def baskets():
    return dict(model("Basket").objects.order_by("pk").values_list("pk", "customer"))


def customers():
    return list(model("Customer").objects.order_by("pk").values_list("pk", flat=True))


def fill():
    for number in (1, 2, 3):
        model("Customer").objects.create(id=number, name=f"c{number}", email=f"{number}@example.org")
        model("Basket").objects.create(id=number, customer_id=number)


def turned(policy=None):
    """Recorded code that turns each basket to a created customer of its own: 1 to 11, 2 to 12, 3 to 13."""

    def code(apps, schema_editor):
        Customer, Basket = (apps.get_model("shop", name) for name in ("Customer", "Basket"))
        for number in (1, 2, 3):
            Customer.objects.create(id=number + 10, name="made")
            Basket.objects.filter(pk=number).update(customer_id=number + 10)

    return migration_of(ops.RecordedPython(code, models=["Customer", "Basket"]), on_conflict=policy)


@pytest.mark.parametrize("policy", ["keep", "overwrite"])
def test_a_row_whose_old_parent_is_gone_keeps_the_created_one_and_all_others_are_undone(policy):
    fill()
    forwards(turned())
    model("Customer").objects.filter(pk=2).delete()

    backwards(turned(policy))

    assert baskets() == {1: 1, 2: 12, 3: 3}
    assert customers() == [1, 3, 12]
    assert conflicts() == [("basket", "2", "blocked", "kept"), ("customer", "12", "referenced", "kept")]
    assert set(Run.objects.values_list("status", flat=True)) == {"done", "undone"}


def test_what_a_kept_created_row_points_at_stays_too():
    for number in (1, 2):
        model("Category").objects.create(id=number, name=f"c{number}")
        model("Category").objects.create(id=number + 2, name=f"child of c{number}", parent_id=number)

    def code(apps, schema_editor):
        Category = apps.get_model("shop", "Category")
        for number in (1, 2):
            Category.objects.create(id=number + 20, name="made root")
            Category.objects.create(id=number + 10, name="made", parent_id=number + 20)
            Category.objects.filter(pk=number + 2).update(parent_id=number + 10)

    patch = migration_of(ops.RecordedPython(code, models=["Category"]))
    forwards(patch)
    model("Category").objects.filter(pk=1).delete()

    backwards(patch)

    parents = dict(model("Category").objects.values_list("pk", "parent"))
    assert parents == {2: None, 4: 2, 3: 11, 11: 21, 21: None}
    assert [(key, reason) for _, key, reason, _ in conflicts()] == [
        ("11", "referenced"), ("21", "referenced"), ("3", "blocked"),
    ]  # fmt: skip


def test_an_old_parent_whose_unique_value_is_taken_leaves_its_rows_at_the_created_one():
    fill()

    def code(apps, schema_editor):
        Customer, Basket = (apps.get_model("shop", name) for name in ("Customer", "Basket"))
        for number in (1, 2, 3):
            Customer.objects.create(id=number + 10, name="made")
            Basket.objects.filter(pk=number).update(customer_id=number + 10)
            Customer.objects.filter(pk=number).delete()
            Customer.objects.filter(pk=number + 10).update(email=f"{number}@example.org")

    patch = migration_of(ops.RecordedPython(code, models=["Customer", "Basket"]))
    forwards(patch)
    model("Customer").objects.filter(pk=12).update(email="new@example.org")
    model("Customer").objects.create(id=99, name="new", email="2@example.org")
    model("Customer").objects.filter(pk=12).update(email=None)
    model("Customer").objects.filter(pk=13).update(email=None)
    model("Customer").objects.create(id=98, name="new", email="3@example.org")
    model("Customer").objects.filter(pk=13).update(email="13@example.org")

    backwards(patch)

    assert baskets() == {1: 1, 2: 12, 3: 13}
    assert customers() == [1, 12, 13, 98, 99]
    assert ("basket", "2", "blocked", "kept") in conflicts()
    assert ("customer", "2", "blocked", "kept") in conflicts()


def test_a_created_row_is_put_back_for_a_parent_that_another_row_blocks():
    fill()

    def code(apps, schema_editor):
        Customer, Basket = (apps.get_model("shop", name) for name in ("Customer", "Basket"))
        Customer.objects.create(id=12, name="made")
        Basket.objects.filter(pk=2).update(customer_id=12)
        Customer.objects.filter(pk=2).delete()

    patch = migration_of(ops.RecordedPython(code, models=["Customer", "Basket"]))
    forwards(patch)
    model("Customer").objects.create(id=99, name="new", email="2@example.org")

    backwards(patch)

    assert baskets() == {1: 1, 2: 12, 3: 3}
    assert customers() == [1, 3, 12, 99]
    assert conflicts() == [
        ("basket", "2", "blocked", "kept"),
        ("customer", "12", "referenced", "kept"),
        ("customer", "2", "blocked", "kept"),
    ]
