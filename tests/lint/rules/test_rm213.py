"""An index on a partitioned table."""

import pytest

from tests.lint.reading import flagged, on_base, silent

PARTS = """migrations.RunSQL(
    "CREATE TABLE shop_event (id bigint, day date) PARTITION BY RANGE (day)",
    state_operations=[migrations.CreateModel("Event", [("id", models.BigAutoField(primary_key=True))])],
)"""
WHOLE = 'migrations.CreateModel("Event", [("id", models.BigAutoField(primary_key=True))])'
INDEX = 'models.Index(fields=["id"], name="event_id")'
IN_SQL = 'migrations.RunSQL("CREATE INDEX CONCURRENTLY event_day ON shop_event (day)")'


def concurrently(operation):
    return "from django.contrib.postgres.operations import AddIndexConcurrently\n" + on_base(
        "migrations.Migration", operation, attribute="atomic = False"
    )


def test_it_is_refused():
    finding = flagged("RM213", PARTS, concurrently(f'AddIndexConcurrently("Event", {INDEX})'))

    assert finding.message == (
        "shop_event is partitioned: PostgreSQL refuses to build event_id on it concurrently, and the migration fails."
    )
    assert finding.hint.startswith("CREATE INDEX ... ON ONLY shop_event")


@pytest.mark.parametrize(
    "text", [concurrently(IN_SQL), on_base("SchemaMigration", f'migrations.AddIndex("Event", {INDEX})')]
)
def test_however_it_is_built(text):
    flagged("RM213", PARTS, text)


@pytest.mark.parametrize(
    "texts",
    [
        (PARTS, 'migrations.RunSQL("CREATE INDEX event_day ON ONLY shop_event (day)")'),
        (PARTS, f'migrations.AddIndex("Event", {INDEX})'),
        (WHOLE, concurrently(f'AddIndexConcurrently("Event", {INDEX})')),
        (PARTS, concurrently(IN_SQL.replace("ON shop_event", "ON shop_event_2024"))),
    ],
)
def test_other_ways_and_tables(texts):
    silent("RM213", *texts)
