"""Rows for the situations' tables, with awkward values among them."""

import datetime
import decimal
import math
import uuid

from django.apps import apps
from django.utils import timezone

UTC = datetime.UTC


def model(name):
    return apps.get_model("shop", name)


def fill_keys(name, count=7):
    """Fill a model by the kind of its key with ``count`` rows whose names are ``row 1`` ... ``row 7``."""
    rows = [f"row {number}" for number in range(1, count + 1)]
    made = {
        "Shelf": lambda n: {"id": n * n, "position": n},
        "Product": lambda n: {"id": n * 10**12 - 5},
        "Parcel": lambda n: {"id": uuid.UUID(int=(n * 0x9E3779B97F4A7C15F39CC0605CEDC834) % 2**128)},
        "Country": lambda n: {"code": ["a", "B", "ä", "_", "", "é'\"%", "Z z"][(n - 1) % 7] + "x" * ((n - 1) // 7)},
        "Word": lambda n: {"word": ["b", "A", "ä", "C c", "%s", "É", "a%"][(n - 1) % 7] + "x" * ((n - 1) // 7)},
        "OrderLine": lambda n: {"order_number": f"N{n % 3}", "line": n},
        "Vehicle": lambda n: {"id": n},
        "Car": lambda n: {"id": n * 3, "seats": n},
        "Taxi": lambda n: {"id": n * 5, "seats": n, "licence": f"L{n}"},
        "GroupSelect": lambda n: {"id": n, "user": n, "words": f"w{n}", "long": n},
    }[name]
    manager = model(name)._default_manager
    for number, text in enumerate(rows, start=1):
        manager.create(name=text, **made(number))
    if name in ("Car", "Taxi"):  # rows of the parent alone, which no patch of the child may touch
        model("Vehicle").objects.create(id=1_000, name="row 1")


KEYS = ["Shelf", "Product", "Parcel", "Country", "Word", "OrderLine", "Vehicle", "Car", "Taxi", "GroupSelect"]

# By field: values to begin with, and those that a patch sets.
FIELD_VALUES = {
    "price": (
        [decimal.Decimal("1.1000"), decimal.Decimal("0"), decimal.Decimal("-99999999.9999"), None],
        decimal.Decimal("0.0001"),
    ),
    "weight": ([0.1, -0.0, 1e308, 5e-324, 1 / 3, None], math.pi),
    "on_sale": ([True, False, None], True),
    "tags": ([{"a": [1, 2.5, None, "ü\"'%"]}, [], "text", 0, None, {}], {"b": {"c": [True, 1e20]}}),
    "photo": ([b"", b"\x00\xff%s'\"", bytes(range(256)), None], b"\x00new\x00"),
    "shelf_life": (
        [datetime.timedelta(days=-3, microseconds=1), datetime.timedelta(0), datetime.timedelta(days=90_000), None],
        datetime.timedelta(hours=1, microseconds=999_999),
    ),
    "listed_at": (
        [
            datetime.datetime(2024, 3, 31, 1, 59, 59, 999_999, tzinfo=UTC),
            datetime.datetime(1, 1, 2, tzinfo=UTC),
            datetime.datetime(9999, 12, 30, tzinfo=timezone.get_fixed_timezone(-720)),
            None,
        ],
        datetime.datetime(2020, 2, 29, 12, tzinfo=timezone.get_fixed_timezone(330)),
    ),
    "made_on": (
        [datetime.date(2024, 2, 29), datetime.date(1, 1, 1), datetime.date.max, None],
        datetime.date(2000, 1, 1),
    ),
    "sold_from": ([datetime.time(0), datetime.time(23, 59, 59, 999_999), None], datetime.time(1, 2, 3, 4)),
    "number": ([0, 2**63 - 1, -(2**63), None], 2**53 + 1),
    "maker": ([uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), None], uuid.UUID(int=12345678901234567890123456789012)),
    "address": (["10.0.0.1", "::1", None], "2001:db8::ff00:42:8329"),
    "text": (["", " ", "00012", "1e5", "tab\there\n", "☃ 日本語", 'it\'s 100% \\ "q"', None], "new % {} 'text'"),
    "stock": ([0, -1, 2**31 - 1 - 2**30, 7], 12),
}


def fill_products(field, values):
    """Fill ``Product`` with one row for each value of one field."""
    product = model("Product")
    for number, value in enumerate(values, start=1):
        product.objects.create(id=number, name=f"product {number}", **{field: value})
