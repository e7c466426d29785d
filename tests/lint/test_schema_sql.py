"""What SQL changes in the schema."""

import pytest

from reversible_migrations.lint.schema_sql import SchemaChange, is_partitioned, schema_changes
from reversible_migrations.sql import statements, words_of


def changes(sql):
    return [(each.kind, each.table, each.name) for part in statements(sql) for each in schema_changes(part)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("ALTER TABLE a ADD COLUMN IF NOT EXISTS b int", [("add column", "a", "b")]),
        ("ALTER TABLE a ADD b numeric(8, 2), ADD c int", [("add column", "a", "b"), ("add column", "a", "c")]),
        ('ALTER TABLE ONLY public."Foo" ADD CONSTRAINT c CHECK (x IN (1, 2))', [("check", "public.Foo", "c")]),
        ("ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c (d)", [("foreign key", "a", "")]),
        ("ALTER TABLE a ADD EXCLUDE USING gist (b WITH &&)", [("exclusion", "a", "")]),
        ("ALTER TABLE a ALTER b SET DATA TYPE text", [("change type", "a", "b")]),
        (
            "ALTER TABLE a RENAME b TO c; ALTER TABLE a RENAME TO d",
            [("rename column", "a", "b"), ("rename table", "a", "d")],
        ),
        ("ALTER TABLE a DROP COLUMN IF EXISTS b CASCADE", [("drop column", "a", "b")]),
        ("ALTER TABLE a DROP CONSTRAINT b, ALTER CONSTRAINT c DEFERRABLE", []),
        ("CREATE UNIQUE INDEX IF NOT EXISTS i ON a (b)", [("create index", "a", "i")]),
        ("CREATE INDEX ON a (b)", [("create index", "a", "")]),
        ("CREATE INDEX CONCURRENTLY i ON a (b)", []),
        ("DROP INDEX IF EXISTS i", [("drop index", "", "i")]),
        ("DROP TABLE a, b", [("drop table", "a", ""), ("drop table", "b", "")]),
        ("ALTER TABLE `a` ADD `b` int", []),
        ("ALTER TABLE a ADD", []),
    ],
)
def test_each_change_is_told(sql, expected):
    assert changes(sql) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("UUID", "DEFAULT", "GEN_RANDOM_UUID", "(", ")"), True),
        (("BIGSERIAL",), True),
        (("INT", "GENERATED", "ALWAYS", "AS", "IDENTITY"), True),
        (("INT", "GENERATED", "ALWAYS", "AS", "(", "A", ")", "STORED"), True),
        (("INT", "DEFAULT", "0"), False),
        (("TIMESTAMPTZ", "DEFAULT", "NOW", "(", ")"), False),
    ],
)
def test_whether_each_row_gets_a_value_of_its_own(words, expected):
    assert SchemaChange("add column", "a", "b", words).is_volatile is expected


def test_a_partitioned_table():
    whole, parts = statements("CREATE TABLE a (b int); CREATE TABLE a (b int) PARTITION BY RANGE (b)")

    assert (is_partitioned(whole), is_partitioned(parts)) == (False, True)


def test_words_are_without_quotes_and_strings():
    assert words_of("ALTER TYPE \"Mood\" ADD VALUE 'glad'") == ["ALTER", "TYPE", "Mood", "ADD", "VALUE", "''"]
