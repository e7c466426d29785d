"""Fills a freshly migrated database with the rows that the scenarios change."""

from decimal import Decimal
from typing import Any

from django.core.management.color import no_style
from django.db import connection

from tests.crash.models import Batch, Category, Leaflet, Medicine, Recall

WEIGHTS = [0.1, 1e-300, None, 5e15, 1 / 3, 99.5]
NOTES: list[Any] = [None, {}, {"b": 1, "a": [1.5, None]}, {"text": "naïve \u2028 ☃ 😀"}, {"big": 10**30}]
NAMES = ["aspirin  fORTE", " ", "Żółć", "a'b\"c%s", "tab\tand\nline"]


def fill(medicines: int) -> None:
    """Create the rows; ``medicines`` of the middle table, fewer or more of the others."""
    Category.objects.bulk_create(Category(id=i, name=f"category {i}") for i in range(1, 14))
    Medicine.objects.bulk_create(
        Medicine(
            id=i,
            name=f"{NAMES[i % len(NAMES)]} {i}",
            price=None if i % 11 == 0 else Decimal(i * 7919) / Decimal(1000),
            weight=WEIGHTS[i % len(WEIGHTS)],
            notes=NOTES[i % len(NOTES)],
            sold=i % 5,
            category_id=None if i % 6 == 0 else 1 + i % 13,
        )
        for i in range(1, medicines + 1)
    )
    Batch.objects.bulk_create(
        Batch(id=i, medicine_id=1 + i % medicines, number=i, seal=None if i % 4 == 0 else bytes([i % 256, 0, 255]))
        for i in range(1, medicines + medicines // 2)
    )
    Recall.objects.bulk_create(Recall(id=i, batch_id=1 + i * 3, reason=f"reason {i}") for i in range(1, medicines // 3))
    Leaflet.objects.bulk_create(
        Leaflet(id=i, medicine_id=None if i % 9 == 0 else i * 2, text="x" * (i % 40)) for i in range(1, medicines // 2)
    )
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [Category, Medicine, Batch, Recall, Leaflet]):
            cursor.execute(statement)
