"""The default that a new NOT NULL column keeps in the database, for code that does not know it."""

import itertools
import uuid
from datetime import date, datetime

import pytest
from django.db import IntegrityError, connection, migrations, models
from django.utils import timezone

from reversible_migrations.exceptions import CannotBeOnline
from tests.online.conftest import backwards, forwards, migration, shape

pytestmark = [
    pytest.mark.usefixtures("things"),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite changes schemas in its own way"),
]
numbers = itertools.count(1)


def next_number():
    return next(numbers)


def a_day():
    return date(2026, 1, 1)


def add(field):
    return migration(migrations.AddField("thing", "x", field))


def query(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else None


def inserted(returning):
    """Insert a row as code does that does not know the column; return ``returning`` of it."""
    return query(f"INSERT INTO shop_thing (name, count) VALUES ('by old code', {next_number()}) RETURNING {returning}")[
        0
    ][0]


CLOCKS = {
    "auto_now": (models.DateTimeField(auto_now=True), "statement_timestamp()"),
    "auto_now_add": (models.DateTimeField(auto_now_add=True), "statement_timestamp()"),
    "timezone.now": (models.DateTimeField(default=timezone.now), "statement_timestamp()"),
    "datetime.now": (models.TimeField(default=datetime.now), "(statement_timestamp() AT TIME ZONE 'Asia/Tokyo')::time"),
    "date.today": (models.DateField(default=date.today), "(statement_timestamp() AT TIME ZONE 'Asia/Tokyo')::date"),
    "auto_now of a date": (
        models.DateField(auto_now=True),
        "(statement_timestamp() AT TIME ZONE 'Asia/Tokyo')::date",
    ),
}


@pytest.mark.parametrize(("field", "now"), CLOCKS.values(), ids=CLOCKS)
def test_of_a_clock_it_is_the_time_of_each_row(field, now, settings):
    settings.TIME_ZONE = "Asia/Tokyo"
    forwards(add(field))

    assert inserted(f"x = {now}") is True
    assert query("SELECT count(DISTINCT x) FROM shop_thing WHERE name <> 'by old code'") == [(1,)]


def test_of_a_uuid_each_row_has_its_own():
    forwards(add(models.UUIDField(default=uuid.uuid4)))

    assert inserted("x") != inserted("x")


def test_of_a_function_that_returns_the_same_it_is_that():
    forwards(add(models.JSONField(default=list)))

    assert inserted("x::text") == "[]"


@pytest.mark.parametrize("field", [models.IntegerField(default=next_number), models.DateField(default=a_day)])
def test_of_what_the_database_does_not_know_there_can_be_none(field):
    start = shape()

    with pytest.raises(
        CannotBeOnline, match=r"has a default of x that differs each time.* Give the field a db_default"
    ):
        forwards(add(field))
    refused = shape()
    query("DELETE FROM shop_thing")
    forwards(add(field))

    assert refused == start
    with pytest.raises(IntegrityError):
        inserted("x")


def test_one_value_for_all_rows_of_a_unique_column_is_refused():
    with pytest.raises(CannotBeOnline, match="gives all rows the same x, which is to be unique"):
        forwards(add(models.UUIDField(default=uuid.uuid4, unique=True)))


def test_a_retired_column_goes_on_telling_the_time():
    gone = migration(
        migrations.AddField("thing", "x", models.DateTimeField(auto_now_add=True)), migrations.RemoveField("thing", "x")
    )
    start = shape()

    forwards(gone)
    (name,) = query("SELECT attname FROM pg_attribute WHERE attname LIKE 'rm_retired_%' AND attnum > 0")[0]
    is_now = inserted(f"{name} = statement_timestamp()")
    query("DELETE FROM shop_thing WHERE name = 'by old code'")
    backwards(gone)

    assert is_now is True
    assert shape() == start
