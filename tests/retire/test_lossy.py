"""Changes of a column that lose something: undo gives it back, beside what was changed since."""

import pytest
from django.db import migrations, models

from reversible_migrations import SchemaMigration
from reversible_migrations.exceptions import UndoConflicts
from reversible_migrations.models import ConflictingRow, JournalTable, Step
from tests.retire.conftest import backwards, everything, forwards, is_postgresql, migration, query, run_sql
from tests.situations.reaching import schema_reaches_either_end

pytestmark = pytest.mark.usefixtures("things")

ONLY_POSTGRESQL = {"a text cut off", "decimals rounded", "a number without its decimals"}  # SQLite has no such types
CHANGES = {
    "a text cut off": ("note", models.CharField(max_length=3, null=True), 9),
    "decimals rounded": ("price", models.DecimalField(max_digits=9, decimal_places=2), 9),
    "a number without its decimals": ("price", models.IntegerField(), 9),
    "leading zeros": ("plain", models.IntegerField(), 9),
    "NULLs filled": ("owner", models.ForeignKey("shop.Owner", models.CASCADE, default=1, related_name="+"), 4),
    "a column of another name": ("plain", models.IntegerField(db_column="number", null=True), 9),
}
BASES = {"ReversibleMigration": {}, "SchemaMigration": {"base": SchemaMigration, "blocking": "in a test"}}


@pytest.fixture(params=CHANGES)
def change(request, things):
    if request.param in ONLY_POSTGRESQL and not is_postgresql:
        pytest.skip("SQLite keeps such values as they are")
    run_sql("UPDATE shop_thing SET plain = '00' || id", "UPDATE shop_thing SET owner_id = NULL WHERE id > 5")
    if not is_postgresql:  # Django makes the table anew and forgets where its keys had got to
        run_sql("UPDATE sqlite_sequence SET seq = 9 WHERE name = 'shop_thing'")
    field, new, lost = CHANGES[request.param]
    return migrations.AlterField("thing", field, new), lost


@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
def test_undone_every_value_is_as_it_was(change, base):
    operation, lost = change
    start = everything()
    changed = migration(operation, **base)

    forwards(changed)
    assert everything() != start
    assert JournalTable.objects.get().rows == lost
    backwards(changed)

    assert everything() == start
    assert Step.objects.get(run__direction="backwards").rows_done == lost


def test_killed_at_any_statement_it_reaches_either_end(change):
    schema_reaches_either_end(migration(change[0]), everything, forwards, backwards)


def zeros():
    run_sql("UPDATE shop_thing SET code = '00' || id")
    return migrations.AlterField("thing", "code", models.IntegerField(unique=True))


def test_what_was_changed_since_is_kept_and_listed():
    changed = migration(zeros())
    forwards(changed)
    run_sql("UPDATE shop_thing SET code = 70 WHERE id = 7", "DELETE FROM shop_part WHERE of = 3")
    run_sql("DELETE FROM shop_thing_friends WHERE thing_id = 3", "DELETE FROM shop_thing WHERE id = 3")

    backwards(changed)

    assert query("SELECT code FROM shop_thing WHERE id IN (6, 7, 8) ORDER BY id") == [("006",), ("70",), ("008",)]
    listed = ConflictingRow.objects.order_by("key").values_list("key", "reason", "outcome")
    assert list(listed) == [("3", "gone", "kept"), ("7", "changed", "kept")]


def test_what_was_changed_since_is_overwritten_if_asked():
    changed = migration(zeros(), on_conflict="overwrite")
    forwards(changed)
    run_sql("UPDATE shop_thing SET code = 70 WHERE id = 7")

    backwards(changed)

    assert query("SELECT code FROM shop_thing WHERE id = 7") == [("007",)]
    assert list(ConflictingRow.objects.values_list("key", "outcome")) == [("7", "overwritten")]


def test_what_was_changed_since_stops_the_undo_if_asked():
    changed = migration(zeros(), on_conflict="abort")
    forwards(changed)
    run_sql("UPDATE shop_thing SET code = 70 WHERE id = 7")
    between = everything()

    with pytest.raises(UndoConflicts, match="1 rows were changed since"):
        backwards(changed)

    assert everything() == between


def test_only_what_is_lost_is_kept():
    run_sql("UPDATE shop_thing SET code = CASE WHEN id = 4 THEN '04' ELSE 'x' || id END")
    longer = migrations.AlterField("thing", "code", models.CharField(max_length=80, unique=True))

    forwards(migration(longer))

    assert not JournalTable.objects.exists()


@pytest.mark.skipif(not is_postgresql, reason="SQLite compares stored values, whatever their type")
def test_of_values_that_can_be_turned_back_nothing_is_kept():
    run_sql("UPDATE shop_thing SET code = CASE WHEN id = 4 THEN '04' ELSE id::text END")

    forwards(migration(migrations.AlterField("thing", "code", models.IntegerField(unique=True))))

    kept = JournalTable.objects.get()
    assert kept.rows == 1
    assert query(f"SELECT key_id, before_code, after_code FROM {kept.table_name}") == [(4, "04", 4)]
