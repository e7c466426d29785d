"""Which PostgreSQL server the tests run on."""

import pytest

from tools.postgresql import described, given_url


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"DATABASE_URL": "sqlite:////tmp/db.sqlite3"}, None),
        ({"DATABASE_URL": "postgres://me@db/shop"}, "postgresql://me@db/shop"),
        ({"DATABASE_URL": "psql://me@db/shop"}, "postgresql://me@db/shop"),
        (
            {"DATABASE_URL": "postgres://me@db/shop", "POSTGRESQL_URL": "postgres://me@other/shop"},
            "postgresql://me@other/shop",
        ),
    ],
)
def test_the_server_is_the_one_the_environment_names(environment, expected):
    assert given_url(environment) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://me:secret@db.example:5433/shop", "db.example:5433"),
        ("postgresql://me:secret@db.example/shop", "db.example"),
        ("postgresql://postgres@/postgres?host=/var/run/postgresql", "/var/run/postgresql"),
    ],
)
def test_a_server_is_described_without_user_and_password(url, expected):
    assert described(url) == expected
