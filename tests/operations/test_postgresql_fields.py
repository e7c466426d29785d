"""Fields and places that only PostgreSQL has: arrays, ranges, hstore, another schema."""

import datetime
from decimal import Decimal

import pytest
from django.apps import apps as installed
from django.db import connection

from reversible_migrations import operations as ops
from tests.situations.reaching import reaches_either_end
from tests.situations.running import migration_of, patch_of

if connection.vendor != "postgresql":
    pytest.skip("these fields are PostgreSQL's", allow_module_level=True)

from django.db.backends.postgresql.psycopg_any import DateRange, DateTimeTZRange, NumericRange

pytestmark = pytest.mark.usefixtures("shop")

MOMENT = datetime.datetime(2024, 3, 31, 1, 30, tzinfo=datetime.UTC)
VALUES = {
    "sizes": ([[1, 2], [], None, [None, -(2**31)]], [7]),
    "grid": ([[["a", None], ['b"{},', "'"]], None, []], [["%s", ""]]),
    "ages": ([NumericRange(1, 5), NumericRange(None, 3), NumericRange(empty=True), None], NumericRange(2, None)),
    "seasons": ([DateRange(datetime.date(2024, 1, 1), None), None], DateRange(None, datetime.date(2000, 1, 1))),
    "watched": ([DateTimeTZRange(MOMENT, None, "[)"), None], DateTimeTZRange(None, MOMENT, "(]")),
    "weights": ([NumericRange(Decimal("1.10"), Decimal("1.1000"), "[]"), None], NumericRange(Decimal(1), Decimal(2))),
    "facts": ([{"a": "1", "b": None}, {}, None], {"x y": '%s "q"'}),
}


def herd():
    return installed.get_model("elephants", "Herd")


@pytest.mark.parametrize("field", VALUES)
@pytest.mark.parametrize("kind", ["update", "transform", "delete", "create", "record"])
def test_every_kind_of_field_comes_back_bit_for_bit(field, kind):
    values, new = VALUES[field]

    def fill():
        for number, value in enumerate(values, start=1):
            herd().objects.create(id=number, name=f"herd {number}", **{field: value})

    def code(apps, schema_editor):
        apps.get_model("elephants", "Herd").objects.update(**{field: new})

    operation = {
        "update": ops.UpdateRows("elephants.Herd", {field: new}),
        "transform": ops.TransformRows("elephants.Herd", lambda row: {field: new}, fields=[field]),
        "delete": ops.DeleteRows("elephants.Herd"),
        "create": ops.CreateRows("elephants.Herd", [{"id": 50, "name": "made", field: new}]),
        "record": ops.RecordedPython(code, models=["elephants.Herd"]),
    }[kind]

    reaches_either_end(fill, lambda: migration_of(operation, batch_size=2), shares=[0.6])


def test_a_table_in_another_schema_is_changed_deleted_and_recorded_with_its_cascades():
    def fill():
        for number in (1, 2, 3):
            herd().objects.create(id=number, name="h")
            hole = installed.get_model("elephants", "Waterhole").objects.create(id=number, name=f"hole {number}")
            installed.get_model("elephants", "Drink").objects.create(id=number, waterhole=hole, herd_id=number)

    def patch(apps, patch):
        Waterhole, Herd, Drink = (apps.get_model("elephants", name) for name in ("Waterhole", "Herd", "Drink"))
        patch.update(Waterhole.objects.all(), name="renamed")
        patch.delete(Waterhole.objects.filter(pk=1))
        patch.delete(Herd.objects.filter(pk=2))
        patch.create(Waterhole, [{"id": 9, "name": "made"}])
        with patch.record(Waterhole, Drink):
            Waterhole.objects.filter(pk=3).delete()

    reaches_either_end(fill, lambda: patch_of(patch, batch_size=2), shares=[0.3, 0.7])
