"""Key ranges of a table: disjoint, in order, and together all of it, however its keys are spread."""

import pytest
from django.db import connection

from reversible_migrations.batches.key_ranges import last_key
from reversible_migrations.batches.selection import KeyColumns
from reversible_migrations.batches.splitting import split
from reversible_migrations.databases import database
from tests.situations.stock import model

pytestmark = [
    pytest.mark.usefixtures("shop"),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, and one range"),
]

ROWS = 24_000
PRODUCT = "INSERT INTO shop_product (id, name, stock) SELECT {key}, 'x', 0 FROM g"
SPREADS = {
    "without gaps": "n",
    "with gaps and below zero": "(n - 12000) * 1000003::bigint",
    "crowded in one place": "CASE WHEN n % 10 = 0 THEN n * 100000::bigint ELSE 5000000000 + n END",
}
TABLES = {
    "Parcel": "INSERT INTO shop_parcel (id, name) SELECT md5(n::text)::uuid, '' FROM g",
    "Country": """INSERT INTO shop_country (code, name) SELECT
        (ARRAY['a', 'A', 'ä', 'Z', '"', '''', '\\', '%', '{', ','])[1 + n % 10] || n, '' FROM g""",
    "OrderLine": "INSERT INTO shop_orderline (order_number, line, name) SELECT n % 300, n, '' FROM g",
}


def fill(statement, name, analysed):
    with connection.cursor() as cursor:
        cursor.execute(f"WITH g(n) AS (SELECT generate_series(1, {ROWS})) {statement}".replace("%", "%%"), [])
        if analysed:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model(name)._meta.db_table)}")


def parts_of(name, workers=3):
    keys = KeyColumns(model(name), database("default"))
    return keys, split(keys, None, last_key(keys), ROWS, workers)


def rows_of(keys, low, high):
    """Count the keys of one range by the database's own comparison."""
    bounds = [(">", low), ("<=", high)] if low is not None else [("<=", high)]
    compared = [keys.compared(operator, key) for operator, key in bounds]
    where = " AND ".join(sql for sql, _ in compared)
    return keys.db.value(f"SELECT count(*) FROM {keys.table} WHERE {where}", [p for _, ps in compared for p in ps])


def holds_all_once(keys, parts):
    counts = [rows_of(keys, low, high) for low, high in parts]
    assert [low for low, _ in parts[1:]] == [high for _, high in parts[:-1]]
    assert sum(counts) == ROWS
    return counts


@pytest.mark.parametrize("analysed", [True, False], ids=["analysed", "never analysed"])
@pytest.mark.parametrize("name", TABLES)
def test_ranges_of_any_key_hold_every_row_once(name, analysed):
    fill(TABLES[name], name, analysed)

    keys, parts = parts_of(name)

    assert len(parts) > 1
    holds_all_once(keys, parts)


@pytest.mark.parametrize("analysed", [True, False], ids=["analysed", "never analysed"])
@pytest.mark.parametrize("spread", SPREADS)
def test_ranges_are_about_as_large_however_the_keys_are_spread(spread, analysed):
    fill(PRODUCT.format(key=SPREADS[spread]), "Product", analysed)

    keys, parts = parts_of("Product")

    counts = holds_all_once(keys, parts)
    assert len(parts) == ROWS // 5_000
    assert max(counts) < 0.5 * ROWS


def test_few_rows_and_one_worker_make_one_range():
    fill(TABLES["Parcel"], "Parcel", analysed=True)
    keys = KeyColumns(model("Parcel"), database("default"))
    upper = last_key(keys)

    assert split(keys, None, upper, ROWS, workers=1) == [(None, upper)]
    assert split(keys, None, upper, 9_999, workers=4) == [(None, upper)]


def test_an_interrupted_beginning_is_split_behind_it():
    fill(TABLES["OrderLine"], "OrderLine", analysed=True)
    keys = KeyColumns(model("OrderLine"), database("default"))
    upper, low = last_key(keys), ["150", "450"]

    parts = split(keys, low, upper, ROWS // 2, workers=2)

    assert parts[0][0] == low
    assert sum(rows_of(keys, *part) for part in parts) == ROWS - rows_of(keys, None, low)
