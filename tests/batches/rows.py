"""Many rows of the situations' tables at once, by the server itself."""

from django.db import connection

from tests.situations.stock import model

COUNTRY = {"code": "'C' || n", "name": "'country ' || n"}
PARCEL = {"id": "md5(n::text)::uuid", "name": "'parcel ' || n"}
LINE = {"order_number": "'O' || n / 7", "line": "n", "name": "'line ' || n"}


def skewed(rows):
    """Return the columns of products of which nine in ten have neighbouring keys, and the others lie far apart."""
    return {"id": f"CASE WHEN n <= {rows} * 0.9 THEN n ELSE n * 1000 END", "name": "'p' || n", "stock": "n"}


def fill(name, rows, /, **columns):
    """Insert a row for each n from 1 to ``rows``; ``columns`` are expressions of n."""
    table = connection.ops.quote_name(model(name)._meta.db_table)
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {', '.join(columns.values())} FROM generate_series(1, {rows}) AS n"
        )
        cursor.execute(f"ANALYZE {table}")
