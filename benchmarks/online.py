"""
What an application feels while a table of a million rows changes: each operation online, and as plain Django does it.

Readers and writers work on the table all the time, each over a connection of its own. What counts is the slowest
request: without a change, beside ours, and beside Django's own.
"""

import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db import connection, models
from django.db.migrations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    AlterUniqueTogether,
    Migration,
    RemoveField,
)
from django.db.migrations.loader import MigrationLoader
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint

from benchmarks.products.table import fill
from reversible_migrations import SchemaMigration

# Each gives a list of operations. What needs a column of its own to change adds one first.
OPERATIONS: dict[str, Any] = {
    "AddField, NULL": lambda: AddField("product", "note", models.TextField(null=True)),
    "AddField, default": lambda: AddField("product", "shelf", models.CharField(max_length=9, default="A1")),
    "AddField, positive": lambda: AddField("product", "level", models.PositiveIntegerField(default=1)),
    "AddField, unique": lambda: AddField("product", "serial", models.CharField(max_length=9, null=True, unique=True)),
    "AddField, foreign key": lambda: AddField("product", "of", models.ForeignKey(ARTICLE, models.CASCADE, null=True)),
    "AddField, then RemoveField": lambda: [
        AddField("product", "shelf", models.CharField(max_length=9, default="A1", db_index=True)),
        RemoveField("product", "shelf"),
    ],
    "AddIndex": lambda: AddIndex("product", Index(fields=["price", "stock"], name="product_price")),
    "CheckConstraint": lambda: AddConstraint(
        "product", CheckConstraint(condition=Q(price__gte=0), name="product_price_is_positive")
    ),
    "UniqueConstraint": lambda: AddConstraint("product", UniqueConstraint(fields=["sku", "id"], name="product_sku")),
    "AlterField, longer": lambda: AlterField("product", "sku", models.CharField(max_length=200)),
    "AlterField, NULL": lambda: AlterField("product", "sku", models.CharField(max_length=20, null=True)),
    "AlterField, NULL, then NOT NULL": lambda: [
        AlterField("product", "sku", models.CharField(max_length=20, null=True)),
        AlterField("product", "sku", models.CharField(max_length=20)),
    ],
    "unique_together": lambda: AlterUniqueTogether("product", {("id", "created")}),
}
ARTICLE = "products.Article"
# PostgreSQL writes a table anew for a shorter type. safe_rollback refuses that for large tables, so it is not measured.
UNDONE_LATER = {"AlterField, longer"}
CLIENTS = 3
QUIET_SECONDS = 3.0
MOST_MORE = 0.2  # seconds that a request may be delayed beyond the slowest without a change
HELD_SECONDS = 20.0  # that another transaction holds a lock on the table
LONGEST_TIMEOUT = 1.0  # seconds that a change waits for its lock at most, and others behind it


@dataclass
class Online:
    """One operation: seconds it took, the slowest request beside it (seconds) and the failed requests."""

    name: str
    seconds: float = 0.0
    slowest: float = 0.0
    failed: int = 0
    plain_seconds: float = 0.0
    plain_slowest: float = 0.0
    quiet_slowest: float = 0.0
    may_be_more: float = MOST_MORE

    @property
    def reached(self) -> bool:
        return not self.failed and self.slowest <= self.quiet_slowest + self.may_be_more


@dataclass
class Retired:
    """A column of all rows out of use and back: the seconds of either, and whether a row was written."""

    rows: int
    seconds: float
    undo_seconds: float
    is_rewritten: bool

    @property
    def reached(self) -> bool:
        return max(self.seconds, self.undo_seconds) < 1.0 and not self.is_rewritten


@dataclass
class Felt:
    slowest: float = 0.0
    failed: int = 0
    turn: threading.Lock = field(default_factory=threading.Lock)

    def note(self, seconds: float, failed: bool) -> None:
        with self.turn:
            self.slowest = max(self.slowest, seconds)
            self.failed += failed


def measure(rows: int) -> list[Online]:
    """Return each operation beside readers and writers, online and as Django does it."""
    fill(rows)
    found = [_measured(name, make, rows) for name, make in OPERATIONS.items()]
    return [*found, _held(rows)]


def measure_retiring(rows: int, repeats: int) -> Retired:
    """Return how long it takes to retire a column of ``rows`` rows, and to bring it back; the median of either."""
    fill(rows)
    there, back = [], []
    before = _files()
    for _ in range(repeats):
        change = _migration(SchemaMigration, RemoveField("product", "name"))
        there.append(_timed(lambda change=change: _run(change, backwards=False)))
        back.append(_timed(lambda change=change: _run(change, backwards=True)))
    return Retired(rows, statistics.median(there), statistics.median(back), _files() != before)


def _files() -> Any:
    """Return the file and the size of the table: another one means that rows were written."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_relation_filenode('products_product'), pg_relation_size('products_product'),"
            " (SELECT md5(string_agg(xmin::text || ctid::text, '' ORDER BY id)) FROM products_product)"
        )
        return cursor.fetchone()


def _held(rows: int) -> Online:
    """Measure a change beside a transaction that holds a lock on the table for 20 s, ours and Django's."""
    found = Online(f"AddField, NULL, with a lock held for {HELD_SECONDS:.0f} s", may_be_more=LONGEST_TIMEOUT)
    with requests(rows) as quiet:
        time.sleep(QUIET_SECONDS)
    found.quiet_slowest = quiet.slowest
    for base in (SchemaMigration, Migration):
        change = _migration(base, AddField("product", "note", models.TextField(null=True)))
        with requests(rows) as felt, holding():
            seconds = _timed(lambda change=change: _run(change, backwards=False))
        if base is SchemaMigration:
            found.seconds, found.slowest, found.failed = seconds, felt.slowest, felt.failed
        else:
            found.plain_seconds, found.plain_slowest = seconds, felt.slowest
        _run(change, backwards=True)
    return found


@contextmanager
def holding() -> Iterator[None]:
    """Let a transaction that has read the table stay open meanwhile, for 20 s."""
    begun = threading.Event()

    def hold() -> None:
        with psycopg.connect(**connection.get_connection_params()) as client:
            client.execute("SELECT 1 FROM products_product LIMIT 1")
            begun.set()
            time.sleep(HELD_SECONDS)

    thread = threading.Thread(target=hold)
    thread.start()
    begun.wait()
    try:
        yield
    finally:
        thread.join()


def _measured(name: str, make: Callable[[], Any], rows: int) -> Online:
    found = Online(name)
    with requests(rows) as quiet:
        time.sleep(QUIET_SECONDS)
    found.quiet_slowest = quiet.slowest
    ours = _migration(SchemaMigration, make())
    with requests(rows) as felt:
        found.seconds = _timed(lambda: _run(ours, backwards=False))
        if name not in UNDONE_LATER:
            _run(ours, backwards=True)
    found.slowest, found.failed = felt.slowest, felt.failed
    if name in UNDONE_LATER:
        _run(ours, backwards=True)
    plain = _migration(Migration, make())
    with requests(rows) as felt:
        found.plain_seconds = _timed(lambda: _run(plain, backwards=False))
    found.plain_slowest = felt.slowest
    _run(plain, backwards=True)
    return found


def _migration(base: Any, operations: Any) -> Any:
    operations = operations if isinstance(operations, list) else [operations]
    return type("Migration", (base,), {"operations": operations})("0002_online", "products")


def _run(migration: Any, backwards: bool) -> None:
    state = MigrationLoader(connection).project_state(("products", "0001_initial"))
    with connection.schema_editor(atomic=migration.atomic) as editor:
        (migration.unapply if backwards else migration.apply)(state, editor)


def _timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


@contextmanager
def requests(rows: int) -> Iterator[Felt]:
    """Read, change, insert and delete rows in threads meanwhile."""
    felt, ended = Felt(), threading.Event()
    threads = [threading.Thread(target=_requests, args=(rows, felt, ended, n)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(0.5)
        yield felt
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _requests(rows: int, felt: Felt, ended: threading.Event, number: int) -> None:
    key = rows + 1_000 * (number + 1)
    statements = [
        ("SELECT name, price FROM products_product WHERE id = %s", lambda: [random.randint(1, rows)]),
        ("UPDATE products_product SET stock = stock + 1 WHERE id = %s", lambda: [random.randint(1, rows)]),
        (
            "INSERT INTO products_product (id, name, sku, price, stock, active, created)"
            " VALUES (%s, 'new', 'new', 1, 1, true, now())",
            lambda: [key],
        ),
        ("DELETE FROM products_product WHERE id = %s", lambda: [key]),
    ]
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as client:
        while not ended.is_set():
            for sql, values in statements:
                began = time.perf_counter()
                try:
                    client.execute(sql, values())
                except psycopg.Error:
                    felt.note(time.perf_counter() - began, failed=True)
                else:
                    felt.note(time.perf_counter() - began, failed=False)
                time.sleep(0.002)
