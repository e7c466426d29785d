"""Generated steps as a real migration, and generated writes as the application would do them."""

import datetime
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.models import BooleanField, F, JSONField, Q, Value
from django.db.models.functions import Coalesce, Concat, Random
from django.utils.safestring import mark_safe

from reversible_migrations import ReversibleDataPatch
from tests.properties.generated import SHELVES, Step, Write
from tests.properties.models import Shelf, Specimen

MOMENT = datetime.datetime(2020, 2, 29, 23, 59, 59, 999_999, datetime.UTC)
UPDATES: dict[str, dict[str, Any]] = {
    "label": {"label": Concat(Coalesce("label", Value("")), Value("✓"))},
    "amount": {"amount": F("amount") * Decimal("1.1")},
    "number": {"number": F("number") + 1, "text": F("label")},
    "measure": {"measure": F("measure") * 1.1},
    "null": {"label": None, "data": None, "blob": None, "flag": None, "span": None},
    "constants": {"blob": b"\x00\xff", "at": MOMENT, "span": datetime.timedelta(-1, 1, 1), "uuid": uuid.UUID(int=7)},
    "copied": {"text": F("label"), "label": F("text")},
    "spare": {"spare_id": SHELVES[1]},
    "random": {"measure": Random()},
    "json null": {"data": Value(None, JSONField()), "flag": Value(True, BooleanField())},
}


def transform(change: str) -> tuple[Any, list[str]]:
    """Return the function and the fields of a generated transform."""

    def label(row: Any) -> None:
        row.label = (row.label or "")[::-1] + "→"

    def data(row: Any) -> None:
        row.data = {"was": row.data, "n": row.pk}

    def numbers(row: Any) -> dict[str, Any]:
        negated = {
            name: -getattr(row, name) for name in ("number", "amount", "measure") if getattr(row, name) is not None
        }
        return {**negated, "flag": not row.flag}

    def data_bytes(row: Any) -> dict[str, Any]:
        return {"blob": bytes(row.blob or b"") + b"\x00\x80", "uuid": uuid.UUID(int=row.pk)}

    def times(row: Any) -> dict[str, Any]:
        return {"at": MOMENT, "span": (row.span or datetime.timedelta(1)) / 2, "day": None, "time": datetime.time(1)}

    def mixed_types(row: Any) -> dict[str, Any]:
        return {"label": mark_safe("safe") if row.pk % 2 else "plain", "measure": row.pk if row.pk % 2 else 0.5}

    return {
        "label": (label, ["label"]),
        "data": (data, ["data"]),
        "numbers": (numbers, ["number", "amount", "measure", "flag"]),
        "bytes": (data_bytes, ["blob", "uuid"]),
        "times": (times, ["at", "span", "day", "time"]),
        "mixed types": (mixed_types, ["label", "measure"]),
    }[change]


def chosen(rows: Any, condition: str) -> Any:
    if condition in ("even", "odd"):
        return rows.alias(half=F("id") % 2).filter(half=int(condition == "odd"))
    return rows.filter(
        {
            "all": Q(),
            "flagged": Q(flag=True),
            "unlabelled": Q(label=None) | Q(label=""),
            "on a shelf": Q(shelf__name__isnull=False),
            "positive": Q(number__gt=0) | Q(measure__gt=0),
        }[condition]
    )


def record(step: Step, number: int, shelves: Any, rows: Any) -> None:
    """Do what the body of a generated ``patch.record`` does."""
    some = chosen(rows, step.rows)
    if step.change == "update":
        some.update(number=F("number") + 7, text="recorded")
        some.update(text="recorded twice")
    elif step.change == "save":
        for row in some:
            row.label, row.data = f"saved {row.pk}", [row.pk]
            row.save()
    elif step.change == "delete":
        rows.filter(twin__in=some).update(twin=None)
        some.delete()
    elif step.change == "create":
        shelf = shelves.create(code=f"recorded {number}", name=f"recorded {number}")
        rows.create(label="recorded", shelf=shelf)
        some.update(spare=shelf)
    elif step.change == "replace shelf":
        old = shelves.filter(code=SHELVES[0]).first()
        if old is not None:
            new = shelves.create(code=f"instead {number}", name=None)
            rows.filter(shelf=old).update(shelf=new)
            rows.filter(spare=old).update(spare=None)
            name = old.name
            old.delete()
            new.name = name  # a unique value goes from a deleted row to a new one
            new.save()
    elif step.change == "move shelf" and shelves.filter(code=SHELVES[1]).exists():
        rows.filter(shelf_id=SHELVES[0]).update(shelf_id=SHELVES[1], twin=None)
    elif step.change == "rename":
        shelves.exclude(name=None).update(name=Concat("name", Value("'")))


def migration_of(steps: Sequence[Step], **options: Any) -> Any:
    """Return a migration whose patch calls ``steps``."""

    class Migration(ReversibleDataPatch):
        batch_size = 3

        def patch(self, apps: Any, patch: Any) -> None:
            Shelf, Specimen = (apps.get_model("properties", name) for name in ("Shelf", "Specimen"))
            for number, step in enumerate(steps):
                rows = Specimen.objects.all()
                if step.kind == "update":
                    patch.update(chosen(rows, step.rows), **UPDATES[step.change])
                elif step.kind == "transform":
                    function, fields = transform(step.change)
                    patch.transform(chosen(rows, step.rows), function, fields)
                elif step.kind == "create":
                    shelf = [{"code": f"new {number}", "name": f"new {number}"}] * (step.change != "none")
                    patch.create(Shelf, shelf)
                    if step.change == "specimens":
                        patch.create(Specimen, [{"label": f"new {i}", "shelf_id": f"new {number}"} for i in range(4)])
                elif step.kind == "delete":
                    doomed = chosen(rows, step.rows)
                    patch.delete(doomed if step.change == "specimens" else Shelf.objects.filter(specimen__in=doomed))
                else:
                    with patch.record(Shelf, Specimen):
                        record(step, number, Shelf.objects, rows)

    for name, value in options.items():
        setattr(Migration, name, value)
    return Migration("0002_generated", "properties")


def apply(migration: Any) -> None:
    with connection.schema_editor(atomic=False) as editor:
        migration.apply(initial_state(), editor)


def unapply(migration: Any) -> None:
    with connection.schema_editor(atomic=False) as editor:
        migration.unapply(initial_state(), editor)


def initial_state() -> Any:
    return MigrationLoader(connection).project_state([("properties", "0001_initial")])


def write(what: Write, number: int) -> None:
    """Do one write of the application; its values are found nowhere else."""
    rows = list(Specimen.objects.order_by("pk"))
    if what.kind == "insert":
        shelves = list(Shelf.objects.order_by("pk"))
        shelf = shelves[what.place % len(shelves)] if shelves else None
        Specimen.objects.create(label=f"application {number}", shelf=shelf, spare=shelf)
    elif rows:
        row = rows[what.place % len(rows)]
        if what.kind == "delete":
            row.delete()
        else:
            for column in what.columns:
                setattr(row, column, fresh(column, number))
            row.save(update_fields=what.columns)


def fresh(column: str, number: int) -> Any:
    return {
        "label": f"application {number}",
        "text": f"application {number}",
        "number": 10**17 + number,
        "amount": Decimal(10**17 + number),
        "uuid": uuid.UUID(int=2**127 + number),
    }[column]


Raw = dict[str, dict[str, dict[str, Any]]]


def stored() -> Raw:
    """Return table, key and column of every value as the database stores it, bit for bit."""
    return {model._meta.db_table: stored_rows(model) for model in (Shelf, Specimen)}


def stored_rows(model: Any) -> dict[str, dict[str, Any]]:
    names = [field.column for field in model._meta.concrete_fields]
    shown = "typeof({0}) || ' ' || quote({0})" if connection.vendor == "sqlite" else "{0}::text"
    selected = ", ".join(shown.format(connection.ops.quote_name(name)) for name in names)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {selected} FROM {model._meta.db_table}")
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {row[model._meta.pk.column]: row for row in rows}
