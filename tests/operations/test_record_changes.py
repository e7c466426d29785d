"""``patch.record``, ``RecordedPython`` and ``RecordedSQL``: code recorded by triggers, undone by its net effect."""

import pytest
from django.db import connection, transaction
from django.db.models import F

from reversible_migrations import operations as ops
from reversible_migrations.exceptions import ReversibleMigrationError, UnrecordedChange
from tests.situations.moments import some_of
from tests.situations.reaching import reaches_either_end, reaches_the_start
from tests.situations.running import (
    Interrupted,
    backwards,
    forwards,
    killed_at,
    last_step,
    migration_of,
    patch_of,
    statements_of,
    steps,
)
from tests.situations.snapshots import leftovers, snapshot
from tests.situations.stock import FIELD_VALUES, KEYS, fill_keys, fill_products, model

pytestmark = pytest.mark.usefixtures("shop")


def mix(name):
    """Return code that changes, deletes, creates, and does the same to rows just made or changed."""

    def code(apps, schema_editor):
        Model = apps.get_model("shop", name)
        rows = {row.name: row for row in Model.objects.all()}
        Model.objects.filter(name="row 1").update(name="changed")
        Model.objects.filter(name="changed").update(name="changed twice")
        rows["row 2"].delete()
        rows["row 3"].name = "saved"
        rows["row 3"].save()
        rows["row 3"].delete()
        Model.objects.filter(name="row 4").update(name="there")
        Model.objects.filter(name="there").update(name="row 4")

    return code


@pytest.mark.parametrize("name", KEYS)
def test_undo_reaches_the_start_whatever_the_key(name):
    reaches_the_start(
        lambda: fill_keys(name), lambda: migration_of(ops.RecordedPython(mix(name), models=[f"shop.{name}"]))
    )


@pytest.mark.parametrize(("name", "share"), [(name, (i * 3 % 10) / 10 + 0.05) for i, name in enumerate(KEYS)])
def test_killed_code_reaches_either_end_whatever_the_key(name, share):
    reaches_either_end(
        lambda: fill_keys(name), lambda: migration_of(ops.RecordedPython(mix(name), models=[name])), shares=[share]
    )


@pytest.mark.parametrize("field", FIELD_VALUES)
def test_every_kind_of_field_comes_back_bit_for_bit(field):
    values, new = FIELD_VALUES[field]

    def code(apps, schema_editor):
        Product = apps.get_model("shop", "Product")
        Product.objects.filter(pk=1).delete()
        for row in Product.objects.all():
            setattr(row, field, new)
            row.save()
        Product.objects.create(id=99, name="made", **{field: new})

    reaches_the_start(
        lambda: fill_products(field, values), lambda: migration_of(ops.RecordedPython(code, models=["Product"]))
    )


def test_a_row_made_and_deleted_again_leaves_no_trace():
    fill_products("stock", [1])
    start = snapshot()

    def code(apps, schema_editor):
        apps.get_model("shop", "Product").objects.create(id=50, name="made").delete()

    patch = migration_of(ops.RecordedPython(code, models=["Product"]))
    forwards(patch)
    backwards(patch)

    assert snapshot() == start


def test_a_row_deleted_and_made_again_with_other_values_gets_its_old_ones():
    def code(apps, schema_editor):
        Product = apps.get_model("shop", "Product")
        Product.objects.filter(pk=1).delete()
        Product.objects.create(id=1, name="another", stock=5)

    reaches_the_start(
        lambda: fill_products("stock", [1, 2]), lambda: migration_of(ops.RecordedPython(code, models=["Product"]))
    )


@pytest.mark.parametrize(
    ("name", "key", "value"), [("Shelf", "id", 77), ("Country", "code", "zz"), ("Word", "word", "B")]
)
def test_a_change_of_the_key_itself_is_undone(name, key, value):
    def code(apps, schema_editor):
        apps.get_model("shop", name).objects.filter(name="row 1").update(**{key: value, "name": "moved"})

    reaches_the_start(lambda: fill_keys(name), lambda: migration_of(ops.RecordedPython(code, models=[name])))


def test_keys_that_are_swapped_are_swapped_back():
    def code(apps, schema_editor):
        Country = apps.get_model("shop", "Country")
        Country.objects.filter(code="a").update(code="between")
        Country.objects.filter(code="B").update(code="a")
        Country.objects.filter(code="between").update(code="B")

    reaches_the_start(lambda: fill_keys("Country"), lambda: migration_of(ops.RecordedPython(code, models=["Country"])))


def test_unique_values_that_the_code_swaps_are_swapped_back():
    def code(apps, schema_editor):
        Shelf = apps.get_model("shop", "Shelf")
        Shelf.objects.filter(position=1).update(position=None)
        Shelf.objects.filter(position=2).update(position=1)
        Shelf.objects.filter(position=None).update(position=2)

    reaches_the_start(lambda: fill_keys("Shelf"), lambda: migration_of(ops.RecordedPython(code, models=["Shelf"])))


def fill_customers():
    for number in range(1, 5):
        model("Customer").objects.create(id=number, name=f"customer {number}")
        model("Basket").objects.create(id=number, customer_id=number)
        model("BasketItem").objects.create(id=number, basket_id=number, name="item")
        model("Invoice").objects.create(id=number, customer_id=number, payer_id=1)


def test_what_djangos_own_cascades_do_is_undone():
    def patch(apps, patch):
        names = ("Customer", "Basket", "BasketItem", "Invoice", "Contract", "Deposit", "Visit")
        Customer, *others = (apps.get_model("shop", name) for name in names)
        with patch.record(Customer, *others):
            Customer.objects.filter(pk__in=[2, 3]).delete()
            made = Customer.objects.create(id=9, name="made")
            others[0].objects.create(id=9, customer=made)

    reaches_either_end(fill_customers, lambda: patch_of(patch), shares=[0.2, 0.5, 0.8])


def test_links_of_many_to_many_are_recorded_by_their_through_model():
    def fill():
        fill_products("stock", [1, 2])
        for number in (1, 2):
            model("Category").objects.create(id=number, name=f"c{number}")
            model("Product").objects.get(pk=number).categories.add(number)

    def patch(apps, patch):
        Product = apps.get_model("shop", "Product")
        with patch.record(Product.categories.through):
            Product.objects.get(pk=1).categories.set([2])
            Product.objects.get(pk=2).categories.clear()

    reaches_the_start(fill, lambda: patch_of(patch))


def test_sql_is_recorded_as_well_as_the_orm():
    def fill():
        fill_products("stock", [1, 2, 3])

    sql = [
        "UPDATE shop_product SET stock = stock * 10, name = 'it''s 100%' WHERE id < 3",
        ("DELETE FROM shop_product WHERE id = %s", [3]),
        "INSERT INTO shop_product (id, name) VALUES (4, 'made')",
    ]

    reaches_either_end(
        fill, lambda: migration_of(ops.RecordedSQL(sql, models=["shop.Product"])), shares=[0.3, 0.6, 0.9]
    )


def test_an_insert_that_replaces_a_row_gives_the_old_one_back():
    replaced = {
        "sqlite": "INSERT OR REPLACE INTO shop_country (code, name) VALUES ('a', 'new')",
        "postgresql": "INSERT INTO shop_country (code, name) VALUES ('a', 'new')"
        " ON CONFLICT (code) DO UPDATE SET name = excluded.name",
    }[connection.vendor]

    reaches_the_start(
        lambda: fill_keys("Country"), lambda: migration_of(ops.RecordedSQL(replaced, models=["shop.Country"]))
    )


@pytest.mark.skipif(connection.vendor != "postgresql", reason="TRUNCATE is PostgreSQL's")
def test_truncate_is_recorded_or_refused_but_never_lost():
    fill_keys("Country")
    start = snapshot()
    patch = migration_of(ops.RecordedSQL("TRUNCATE shop_country", models=["shop.Country"]))

    try:
        forwards(patch)
    except ReversibleMigrationError:
        pass
    else:
        backwards(patch)

    assert snapshot() == start


def test_a_write_to_a_table_that_was_not_named_is_refused_and_rolled_back():
    fill_customers()
    start = snapshot()

    def code(apps, schema_editor):
        apps.get_model("shop", "Customer").objects.update(name="x")
        apps.get_model("shop", "Invoice").objects.filter(pk=1).update(customer=2)

    with pytest.raises(
        UnrecordedChange, match=r"also wrote to shop_invoice.*was rolled back.*Name the models"
    ) as refused:
        forwards(migration_of(ops.RecordedPython(code, models=["Customer"])))

    assert refused.value.data["tables"] == ["shop_invoice"]
    assert snapshot() == start
    assert leftovers() == []


def test_reading_other_tables_is_allowed():
    fill_customers()

    def code(apps, schema_editor):
        list(apps.get_model("shop", "Invoice").objects.select_for_update())
        apps.get_model("shop", "Customer").objects.update(name="x")

    forwards(migration_of(ops.RecordedPython(code, models=["Customer"])))

    assert last_step().rows_done == 4


def test_code_that_raises_is_rolled_back_and_may_be_mended():
    fill_customers()
    start = snapshot()

    def broken(apps, schema_editor):
        apps.get_model("shop", "Customer").objects.update(name="x")
        raise KeyError("the code's own error")

    def mended(apps, schema_editor):
        apps.get_model("shop", "Customer").objects.update(name="y")

    with pytest.raises(KeyError, match="the code's own error"):
        forwards(migration_of(ops.RecordedPython(broken, models=["Customer"])))
    assert snapshot() == start
    assert leftovers() == []
    forwards(migration_of(ops.RecordedPython(mended, models=["Customer"])))

    assert set(model("Customer").objects.values_list("name", flat=True)) == {"y"}


def test_code_that_breaks_a_constraint_is_rolled_back():
    fill_keys("Shelf")
    start = snapshot()

    def broken(apps, schema_editor):
        apps.get_model("shop", "Shelf").objects.filter(position=2).update(position=1)

    with pytest.raises(Exception, match=r"(?i)unique"):
        forwards(migration_of(ops.RecordedPython(broken, models=["Shelf"])))

    assert snapshot() == start
    assert leftovers() == []


def test_code_that_leaves_a_broken_reference_ends_as_an_error_of_ours():
    fill_customers()
    start = snapshot()

    def broken(apps, schema_editor):
        apps.get_model("shop", "Basket").objects.filter(pk=2).update(customer_id=999)

    with pytest.raises(ReversibleMigrationError, match=r"could not be committed.*was rolled back.*run `migrate` again"):
        forwards(migration_of(ops.RecordedPython(broken, models=["Basket"])))

    assert snapshot() == start
    assert leftovers() == []


def test_savepoints_inside_the_code_count():
    def code(apps, schema_editor):
        Customer = apps.get_model("shop", "Customer")
        try:
            with transaction.atomic():
                Customer.objects.update(name="lost")
                raise ZeroDivisionError
        except ZeroDivisionError:
            Customer.objects.filter(pk=1).update(name="kept")

    def fill():
        fill_customers()

    patch = migration_of(ops.RecordedPython(code, models=["Customer"]))
    reaches_the_start(fill, lambda: patch)
    assert steps()[0].rows_done == 1


def test_code_that_changes_nothing_leaves_no_journal():
    fill_customers()

    forwards(migration_of(ops.RecordedPython(lambda apps, schema_editor: None, models=["Customer"])))

    assert not last_step().journals.exists()


def test_finished_bodies_are_passed_over_and_those_after_them_run():
    fill_products("stock", [1, 2, 3])
    start = snapshot()
    ran = []

    def patch(apps, patch):
        Product = apps.get_model("shop", "Product")
        with patch.record(Product):
            ran.append("first")
            Product.objects.update(stock=F("stock") + 1)
        ran.append("between")
        patch.update(Product.objects.all(), stock=F("stock") * 2)
        for number in (1, 2):
            with patch.record(Product) as recording:
                ran.append(f"loop {number}")
                Product.objects.filter(pk=number).update(stock=F("stock") + 100)
            assert recording.is_finished
        ran.append("after")

    whole = statements_of(forwards, patch_of(patch, batch_size=1))
    end = snapshot()
    assert ran == ["first", "between", "loop 1", "loop 2", "after"]
    backwards(patch_of(patch))
    for share in some_of((0.35, 0.5, 0.75, 0.9, 0.97)):
        ran.clear()
        assert killed_at(int(whole * share), forwards, patch_of(patch, batch_size=1))
        first = [*ran]
        ran.clear()
        forwards(patch_of(patch, batch_size=1))
        assert snapshot() == end
        assert "first" in first
        assert "first" not in ran
        assert ran[-1] == "after"
        backwards(patch_of(patch))
        assert snapshot() == start


def test_ctrl_c_in_the_code_leaves_a_run_that_goes_on():
    fill_customers()
    start = snapshot()

    def patch_with(error):
        def code(apps, schema_editor):
            apps.get_model("shop", "Customer").objects.update(name="x")
            if error:
                raise error

        return migration_of(ops.RecordedPython(code, models=["Customer"]))

    with pytest.raises(Interrupted):
        forwards(patch_with(Interrupted()))
    assert snapshot() == start
    assert leftovers() == []
    forwards(patch_with(None))

    assert set(model("Customer").objects.values_list("name", flat=True)) == {"x"}


def test_other_sessions_writes_are_not_recorded_by_a_trigger_left_behind():
    """The triggers of a killed run fire for nobody."""
    fill_customers()

    def patch(apps, patch):
        with patch.record(apps.get_model("shop", "Customer")):
            apps.get_model("shop", "Customer").objects.update(name="x")

    whole = statements_of(forwards, patch_of(patch))
    backwards(patch_of(patch))
    start = snapshot()
    assert killed_at(whole // 2, forwards, patch_of(patch))
    model("Customer").objects.create(id=50, name="by the application")
    forwards(patch_of(patch))
    model("Customer").objects.filter(pk=50).update(name="by the application")
    backwards(patch_of(patch))

    assert model("Customer").objects.get(pk=50).name == "by the application"
    model("Customer").objects.filter(pk=50).delete()
    assert snapshot() == start


def test_the_operations_say_what_they_do():
    def tidy(apps, schema_editor): ...

    assert ops.RecordedPython(tidy, models=["Product"]).describe() == (
        "Run tidy and record Product (undone from the record)"
    )
    assert ops.RecordedSQL("SELECT 1", models=["Product"]).describe() == (
        "Run SQL and record Product (undone from the record)"
    )
