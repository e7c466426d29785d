"""What the statements of an SQL text do, and to which tables."""

import pytest

from reversible_migrations.sql import statements, statements_of


def facts(sql):
    return [(statement.kind, statement.tables) for statement in statements(sql)]


@pytest.mark.parametrize(
    ("sql", "kind", "tables"),
    [
        ("UPDATE shop_item SET x = 1", "UPDATE", ("shop_item",)),
        ('update only "shop"."item" set x = 1', "UPDATE", ("shop.item",)),
        ("INSERT INTO shop_item (a) SELECT a FROM b", "INSERT", ("shop_item",)),
        ("DELETE FROM ONLY shop_item USING b", "DELETE", ("shop_item",)),
        ("TRUNCATE TABLE a, b CASCADE", "TRUNCATE", ("a", "b")),
        ("WITH gone AS (SELECT 1) DELETE FROM shop_item USING gone", "DELETE", ("shop_item",)),
        ("WITH gone AS (DELETE FROM shop_item RETURNING id) SELECT * FROM gone", "DELETE", ("shop_item",)),
        ("WITH some AS (SELECT 1) SELECT * FROM some", "SELECT", ()),
        ("ALTER TABLE IF EXISTS ONLY shop_item ADD x int", "ALTER TABLE", ("shop_item",)),
        ("CREATE UNLOGGED TABLE IF NOT EXISTS x (a int)", "CREATE TABLE", ("x",)),
        ("DROP TABLE IF EXISTS a, b", "DROP TABLE", ("a", "b")),
        ("CREATE UNIQUE INDEX i ON public.shop_item (x)", "CREATE INDEX", ("public.shop_item",)),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", "CREATE VIEW", ()),
        ("SET lock_timeout = '1s'", "SET", ()),
    ],
)
def test_the_kind_and_the_tables(sql, kind, tables):
    assert facts(sql) == [(kind, tables)]


def test_statements_are_taken_apart_without_comments_and_strings():
    text = """
    -- DELETE FROM a;
    UPDATE b SET x = 'DELETE FROM c; DROP TABLE d'; /* DROP TABLE e; */
    DELETE FROM "F";
    """

    assert facts(text) == [("UPDATE", ("b",)), ("DELETE", ("F",))]


def test_whether_it_is_concurrent():
    (plain,), (concurrent,) = statements("CREATE INDEX i ON a (b)"), statements("DROP INDEX CONCURRENTLY i")

    assert (plain.is_concurrent, concurrent.is_concurrent) == (False, True)


@pytest.mark.parametrize("sql", ["DO $$ BEGIN DELETE FROM a; END $$", "CALL tidy()"])
def test_code_of_the_database_is_not_read(sql):
    (statement,) = statements(sql)

    assert not statement.is_readable
    assert not statement.changes_rows


def test_lists_as_run_sql_takes_them():
    found = statements_of(["UPDATE a SET x = 1", ("DELETE FROM b WHERE id = %s", [1])])

    assert [(each.kind, each.changes_rows) for each in found] == [("UPDATE", True), ("DELETE", True)]


def test_what_is_no_text_is_unknown():
    (statement,) = statements_of(object())

    assert not statement.is_readable


def test_a_long_text_is_read_too():
    rows = ", ".join("(%s, 'x')" for _ in range(20_000))

    assert facts(f"INSERT INTO a (b, c) VALUES {rows}") == [("INSERT", ("a",))]


def test_comments_alone_are_no_statement():
    assert statements("-- nothing\n;;  ") == []


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("ALTER TABLE a DROP COLUMN x", ("x",)),
        ('ALTER TABLE a DROP x, DROP COLUMN IF EXISTS "y" CASCADE, ADD z int', ("x", "y")),
        ("ALTER TABLE a DROP CONSTRAINT x", ()),
        ("ALTER TABLE a ALTER x DROP NOT NULL, ALTER y DROP DEFAULT", ()),
        ("ALTER TABLE a ADD x int", ()),
        ("DROP TABLE a", ()),
    ],
)
def test_the_columns_that_are_dropped(sql, columns):
    assert statements(sql)[0].dropped_columns == columns


def test_whether_rows_are_chosen():
    chosen, whole = statements("UPDATE a SET x = 1 WHERE y; UPDATE a SET x = 'WHERE'")

    assert (chosen.has_condition, whole.has_condition) == (True, False)
