"""What ``safe_rollback --dry-run`` counts of changed and removed columns is what their undo then meets."""

import pytest
from django.db import migrations, models

from reversible_migrations import operations as ops
from reversible_migrations.databases import database
from reversible_migrations.models import ConflictingRow, Run
from reversible_migrations.phases.conflicts import met_by
from tests.retire.conftest import backwards, everything, forwards, is_postgresql, migration, query, run_sql

pytestmark = pytest.mark.usefixtures("things")

RENAMED = ops.UpdateRows("Owner", {"label": "x"}, where=models.Q(label="a"))
NUMBERS = migrations.AlterField("thing", "code", models.IntegerField(unique=True))


def met(changed):
    runs = Run.objects.filter(name=changed.name, direction="forwards").order_by("-pk")
    (found,) = met_by([(changed, list(runs))], database("default")).values()
    return found


@pytest.fixture
def numbers():
    """A change that takes leading zeros away."""
    run_sql("UPDATE shop_thing SET code = '00' || id")
    return migration(NUMBERS)


def test_rows_of_a_lossy_change_that_were_changed_or_are_gone(numbers):
    forwards(numbers)
    run_sql("UPDATE shop_thing SET code = 70 WHERE id = 7", "DELETE FROM shop_part WHERE of = 3")
    run_sql("DELETE FROM shop_thing_friends WHERE thing_id = 3", "DELETE FROM shop_thing WHERE id = 3")
    start = everything()

    counted = met(numbers)

    assert (counted.rows, counted.conflicts, counted.is_partial) == (9, 2, False)
    assert everything() == start
    backwards(numbers)
    assert ConflictingRow.objects.count() == counted.conflicts


def test_rows_of_a_retired_column_that_would_point_nowhere():
    changed = migration(migrations.RemoveField("thing", "owner"))
    forwards(changed)
    run_sql(
        "UPDATE shop_thing SET boss_id = 1", "DELETE FROM shop_thing_friends", "DELETE FROM shop_owner WHERE id = 3"
    )

    counted = met(changed)

    assert counted.conflicts == 3
    backwards(changed)
    assert ConflictingRow.objects.count() == 3
    assert query("SELECT count(*) FROM shop_thing WHERE owner_id IS NULL") == [(3,)]


def test_rows_that_came_while_a_column_was_out_of_use_are_told():
    changed = migration(migrations.RemoveField("thing", "note"))
    forwards(changed)
    run_sql("INSERT INTO shop_thing (name, code, count, price, boss_id) VALUES ('new', 'new', 1, 1, 1)")

    (note,) = met(changed).notes

    assert note.startswith('rows of "shop_thing" that came' if is_postgresql else '1 rows of "shop_thing" that came')


def test_a_step_on_another_table_is_counted_beside_it():
    changed = migration(RENAMED, migrations.RemoveField("thing", "note"))
    forwards(changed)
    run_sql("UPDATE shop_owner SET label = 'since' WHERE label = 'x'")

    counted = met(changed)

    assert (counted.conflicts, counted.is_partial) == (1, False)


def test_a_step_whose_values_a_lossy_change_gives_back_first_is_not_counted():
    run_sql("UPDATE shop_thing SET code = '00' || id")
    patched = ops.UpdateRows("Thing", {"price": 5}, where=models.Q(id=1))
    changed = migration(patched, NUMBERS)
    forwards(changed)

    assert met(changed).is_partial


def test_nothing_is_counted_behind_code_that_nobody_knows():
    sql = migrations.RunSQL("UPDATE shop_owner SET label = 'y'", "UPDATE shop_owner SET label = 'a'")
    changed = migration(RENAMED, sql)
    forwards(changed)

    assert met(changed).is_partial
