"""The ways that are compared: ours, by a migration applied and unapplied, and the plain ones."""

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from django.apps import apps as django_apps
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.models import F

from benchmarks.products.table import COLUMNS, drop_journals, fill, fill_articles, settle  # noqa: F401
from reversible_migrations import ReversibleDataPatch
from reversible_migrations.databases import database
from reversible_migrations.load.gauges import build_gauges

BATCH = 10_000


class OurWay:
    """A data patch as ``migrate`` would run it, forwards and backwards; with class attributes such as ``parallel``."""

    def __init__(self, patch: Callable[[Any, Any], Any], **attributes: Any):
        body = {"patch": lambda migration, apps, given: patch(apps, given), **attributes}
        made = type("Migration", (ReversibleDataPatch,), body)
        self.migration = made("0002_bench", "products")
        self.state = MigrationLoader(connection).project_state(("products", "0001_initial"))

    def forwards(self) -> None:
        with connection.schema_editor(atomic=False) as editor:
            self.migration.apply(self.state.clone(), editor)

    def backwards(self) -> None:
        with connection.schema_editor(atomic=False) as editor:
            self.migration.unapply(self.state.clone(), editor)


def timed(action: Callable[[], Any]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def model() -> Any:
    return django_apps.get_model("products", "Product")


def gauge_names() -> list[str]:
    return [gauge.name for gauge in build_gauges(database(connection.alias), {}, [])]


# Ours


def our_update(apps: Any, patch: Any) -> None:
    patch.update(apps.get_model("products", "Product").objects.all(), price=F("price") * Decimal("1.1"))


def tidy(product: Any) -> None:
    product.name = product.name.strip().title()


def our_transform(apps: Any, patch: Any) -> None:
    patch.transform(apps.get_model("products", "Product").objects.all(), tidy, fields=["name"])


def our_delete(apps: Any, patch: Any) -> None:
    patch.delete(apps.get_model("products", "Product").objects.all())


def our_create(rows: int) -> Callable[[Any, Any], None]:
    def create(apps: Any, patch: Any) -> None:
        patch.create(apps.get_model("products", "Product"), new_products(rows))

    return create


def new_products(rows: int) -> list[dict[str, Any]]:
    moment = django_apps.get_model("products", "Product")._meta.get_field("created").to_python("2024-01-01T00:00:00Z")
    return [
        {"name": f"product {n}", "sku": f"SKU-{n}", "price": Decimal(n % 5000) / 100, "stock": n % 1000,
         "active": n % 7 != 0, "created": moment}
        for n in range(1, rows + 1)
    ]  # fmt: skip


def our_article_delete(apps: Any, patch: Any) -> None:
    patch.delete(apps.get_model("products", "Article").objects.all())


def our_article_create(rows: int) -> Callable[[Any, Any], None]:
    def create(apps: Any, patch: Any) -> None:
        patch.create(apps.get_model("products", "Article"), new_products(rows))

    return create


# Plain


def ranges(rows: int) -> Iterator[tuple[int, int]]:
    for low in range(0, rows, BATCH):
        yield low, low + BATCH


def each_range(rows: int, statement: str) -> None:
    """Run ``statement`` for every range of ``BATCH`` keys, each in a transaction of its own."""
    for low, high in ranges(rows):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [low, high])


def plain_update(rows: int) -> None:
    price = "price * 1.1" if connection.vendor == "postgresql" else "CAST(price * 1.1 AS NUMERIC)"
    each_range(rows, f"UPDATE products_product SET price = {price} WHERE id > %s AND id <= %s")


def single_update() -> None:
    """The statement that a patch replaces: all rows at once, which blocks whoever wants one of them."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE products_product SET price = price * 1.1")


def plain_transform(rows: int) -> None:
    """What careful projects write: ``iterator()`` and ``bulk_update`` in portions of 2,000."""
    products = model()
    portion: list[Any] = []
    for product in products.objects.order_by("pk").iterator(chunk_size=2_000):
        tidy(product)
        portion.append(product)
        if len(portion) == 2_000:
            products.objects.bulk_update(portion, ["name"])
            portion = []
    if portion:
        products.objects.bulk_update(portion, ["name"])


def plain_delete(rows: int) -> None:
    each_range(rows, "DELETE FROM products_product WHERE id > %s AND id <= %s")


def plain_restore(rows: int) -> None:
    each_range(
        rows, f"INSERT INTO products_product ({COLUMNS}) SELECT {COLUMNS} FROM products_copy WHERE id > %s AND id <= %s"
    )


def plain_create(rows: int) -> None:
    """Multi-row INSERTs of ``BATCH`` rows built from the same Python rows."""
    given = new_products(rows)
    one = "(%s, %s, %s, %s, %s, %s)"
    for low, high in ranges(rows):
        portion = given[low:high]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO products_product (name, sku, price, stock, active, created) VALUES "
                + ", ".join([one] * len(portion)),
                [value for row in portion for value in row.values()],
            )


def plain_article_delete(rows: int) -> None:
    """Both tables, one transaction per range."""
    for low, high in ranges(rows):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM products_review WHERE article_id > %s AND article_id <= %s", [low, high])
            cursor.execute("DELETE FROM products_article WHERE id > %s AND id <= %s", [low, high])


def plain_article_restore(rows: int) -> None:
    for low, high in ranges(rows):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO products_article ({COLUMNS}) SELECT {COLUMNS} FROM products_product"
                " WHERE id > %s AND id <= %s",
                [low, high],
            )
            cursor.execute(
                "INSERT INTO products_review (id, article_id, stars) SELECT id, article_id, stars FROM products_copy"
                " WHERE article_id > %s AND article_id <= %s",
                [low, high],
            )


def copy_reviews() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS products_copy")
        cursor.execute("CREATE TABLE products_copy AS SELECT * FROM products_review")
        cursor.execute("CREATE INDEX products_copy_article ON products_copy (article_id)")


def copy_products() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS products_copy")
        cursor.execute("CREATE TABLE products_copy AS SELECT * FROM products_product")
        cursor.execute("CREATE UNIQUE INDEX products_copy_id ON products_copy (id)")


def start_over_with_articles(rows: int, reviews: bool = True) -> None:
    drop_journals()
    fill_articles(rows, reviews)


def start_over(rows: int) -> None:
    drop_journals()
    fill(rows)
