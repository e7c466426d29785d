"""What a field is in PostgreSQL's tables."""

import pytest
from django.db import connection

from reversible_migrations.lint.columns import ColumnType, is_rewritten


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (ColumnType("varchar", (50,)), ColumnType("varchar", (100,)), False),
        (ColumnType("varchar", (100,)), ColumnType("varchar", (50,)), True),
        (ColumnType("varchar", (100,)), ColumnType("varchar"), False),
        (ColumnType("varchar", (100,)), ColumnType("text"), False),
        (ColumnType("text"), ColumnType("varchar"), False),
        (ColumnType("text"), ColumnType("varchar", (100,)), True),
        (ColumnType("numeric", (8, 2)), ColumnType("numeric", (10, 2)), False),
        (ColumnType("numeric", (8, 2)), ColumnType("numeric"), False),
        (ColumnType("numeric", (8, 2)), ColumnType("numeric", (9, 3)), True),
        (ColumnType("numeric"), ColumnType("numeric", (8, 2)), True),
        (ColumnType("integer"), ColumnType("bigint"), True),
        (ColumnType("inet"), ColumnType("text"), True),
    ],
)
def test_which_changes_rewrite_the_table(old, new, expected):
    assert is_rewritten(old, new) is expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("varchar(50)", "varchar(100)"),
        ("varchar(100)", "varchar(50)"),
        ("varchar(100)", "text"),
        ("text", "varchar(100)"),
        ("numeric(8, 2)", "numeric(10, 2)"),
        ("numeric(8, 2)", "numeric(9, 3)"),
        ("numeric(8, 2)", "numeric"),
        ("integer", "bigint"),
    ],
)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="it is asked")
def test_postgresql_says_the_same(old, new):
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE rewritten AS SELECT NULL::{old} AS a")
        cursor.execute("SELECT pg_relation_filenode('rewritten')")
        before = cursor.fetchone()
        cursor.execute(f"ALTER TABLE rewritten ALTER a TYPE {new}")
        cursor.execute("SELECT pg_relation_filenode('rewritten')")

        assert (cursor.fetchone() != before) is is_rewritten(type_of(old), type_of(new))


def type_of(text):
    name, _, sizes = text.rstrip(")").partition("(")
    return ColumnType(name, tuple(int(each) for each in sizes.split(",") if each))
