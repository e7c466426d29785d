"""Fills the table of products, the same rows every time."""

from django.db import connection

COLUMNS = "id, name, sku, price, stock, active, created"

FILL = {
    "postgresql": """
        INSERT INTO products_product (id, name, sku, price, stock, active, created)
        SELECT n, '  product ' || n, 'SKU-' || n, 1 + (n %% 5000) / 100.0, n %% 1000, n %% 7 <> 0,
               timestamptz '2024-01-01 00:00+00' + n * interval '1 minute'
        FROM generate_series(1, %s) AS n""",
    "sqlite": """
        WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %s)
        INSERT INTO products_product (id, name, sku, price, stock, active, created)
        SELECT n, '  product ' || n, 'SKU-' || n, 1 + (n %% 5000) / 100.0, n %% 1000, n %% 7 <> 0,
               datetime('2024-01-01', '+' || n || ' minutes') FROM numbers""",
}


def fill(rows: int) -> None:
    """Empty the table and fill it with ``rows`` rows; leave it vacuumed, so that no repeat pays for the one before."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("TRUNCATE products_product RESTART IDENTITY")
        else:
            cursor.execute("DELETE FROM products_product")
        if rows:
            cursor.execute(FILL[connection.vendor], [rows])
    settle()


def settle() -> None:
    """Bring the table to the state a quiet server would have it in before the next measurement."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE products_product")
            cursor.execute("CHECKPOINT")


def fill_articles(rows: int, reviews: bool = True) -> None:
    """Fill the articles with the rows of the products, and every second one with a review."""
    fill(rows)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE products_article, products_review RESTART IDENTITY")
        cursor.execute(f"INSERT INTO products_article ({COLUMNS}) SELECT {COLUMNS} FROM products_product")
        if reviews:
            cursor.execute(
                "INSERT INTO products_review (article_id, stars)"
                " SELECT id, id %% 5 FROM products_article WHERE id %% 2 = 0",
                [],
            )
        cursor.execute("VACUUM ANALYZE products_article")
        cursor.execute("VACUUM ANALYZE products_review")
        cursor.execute("CHECKPOINT")


def drop_journals() -> None:
    names = [name for name in connection.introspection.table_names() if name.startswith("rm_journal_")]
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"DROP TABLE {connection.ops.quote_name(name)}")
        for table in ("conflictingrow", "quarantinedrow", "journaltable", "event", "keyrange", "timing", "wish"):
            cursor.execute(f"DELETE FROM reversible_migrations_{table}")
        cursor.execute("UPDATE reversible_migrations_step SET restores_id = NULL")
        cursor.execute("DELETE FROM reversible_migrations_step")
        cursor.execute("UPDATE reversible_migrations_run SET undoes_id = NULL")
        cursor.execute("DELETE FROM reversible_migrations_run")
