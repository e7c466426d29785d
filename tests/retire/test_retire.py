"""Columns and tables out of use and back: exactly as they were, from any point, with what came meanwhile."""

import pytest
from django.core.management import call_command
from django.db import connection, migrations, models

from reversible_migrations import SchemaMigration
from reversible_migrations import operations as ops
from reversible_migrations.exceptions import CannotRetire, MissingJournal, RowsDoNotSuit
from reversible_migrations.models import ConflictingRow, JournalTable, Run, Step
from reversible_migrations.operations.retire_order import RetireOrder
from reversible_migrations.verification import verify
from tests.retire.conftest import (
    ODD,
    backwards,
    everything,
    forwards,
    is_postgresql,
    migration,
    query,
    run_sql,
    state,
)  # fmt: skip
from tests.situations.reaching import schema_reaches_either_end
from tests.situations.running import ordinary_migration_of

pytestmark = pytest.mark.usefixtures("things")
only_postgresql = pytest.mark.skipif(not is_postgresql, reason="a copy is kept on SQLite")

FIELDS = ["name", "code", "count", "price", "note", "owner", "boss", ODD, "friends"]
# Its index goes first, as the autodetector has it.
REMOVALS = {
    **{field: [migrations.RemoveField("thing", field)] for field in FIELDS if field != "name"},
    "name": [migrations.RemoveIndex("thing", "thing_lower_name"), migrations.RemoveField("thing", "name")],
    "a table": [migrations.DeleteModel("Part")],
    "a table with others": [
        migrations.RemoveField("part", "thing"),
        migrations.DeleteModel("Thing"),
    ],
    "inside SeparateDatabaseAndState": [
        migrations.SeparateDatabaseAndState([migrations.RemoveField("thing", "note")], [])
    ],
    "an order": [migrations.AlterOrderWithRespectTo("owner", None)],
    "RetireField": [ops.RetireField("thing", "price")],
    "RetireModel": [ops.RetireModel("Part")],
}
every_removal = pytest.mark.parametrize("operations", REMOVALS.values(), ids=REMOVALS)
BASES = {"ReversibleMigration": {}, "SchemaMigration": {"base": SchemaMigration}}


@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
@every_removal
def test_undone_everything_is_as_it_was(operations, base):
    start = everything()
    changed = migration(*operations, **base)

    forwards(changed)
    assert everything() != start
    backwards(changed)

    assert everything() == start
    assert {journal.state for journal in JournalTable.objects.all()} == {"restored"}


@every_removal
def test_killed_at_any_statement_it_reaches_either_end(operations):
    schema_reaches_either_end(migration(*operations), everything, forwards, backwards, at_the_end=tables_of)


def tables_of(found):
    """Return what ``everything`` found without the names of what is retired, which every run draws anew."""
    return {table: (len(facts[0]), facts[-1]) for table, facts in found.items()}


@every_removal
def test_in_an_ordinary_migration(operations):
    operations = [retiring(operation) for operation in operations]
    if any(isinstance(each, migrations.SeparateDatabaseAndState) for each in operations):
        pytest.skip("only our base classes look inside")
    start = everything()
    with ordinary_migration_of(*operations, dependencies=[]) as changed:
        forwards(changed)
        assert everything() != start
        backwards(changed)
    assert everything() == start


def retiring(operation):
    if type(operation) is migrations.RemoveField:
        return ops.RetireField(operation.model_name, operation.name)
    if type(operation) is migrations.AlterOrderWithRespectTo:
        return RetireOrder(operation.name, None)
    return ops.RetireModel(operation.name) if type(operation) is migrations.DeleteModel else operation


@only_postgresql
@pytest.mark.parametrize("field", FIELDS[1:])
def test_no_row_is_written(field):
    before = query("SELECT id, xmin, ctid FROM shop_thing ORDER BY id")
    changed = migration(migrations.RemoveField("thing", field))

    forwards(changed)
    backwards(changed)

    assert query("SELECT id, xmin, ctid FROM shop_thing ORDER BY id") == before


MEANWHILE = {  # of rows that come while it is out of use, and the value that they have afterwards
    "count": ("INSERT INTO shop_thing (name, code, price, boss_id) VALUES ('new', 'n', 1, 1)", 7),
    "note": ("INSERT INTO shop_thing (name, code, count, price, boss_id) VALUES ('new', 'n', 1, 1, 1)", None),
    "owner_id": ("INSERT INTO shop_thing (name, code, count, price, boss_id) VALUES ('new', 'n', 1, 1, 1)", None),
}


@pytest.mark.parametrize("column", MEANWHILE)
def test_rows_that_come_meanwhile_stay(column):
    insert, value = MEANWHILE[column]
    rows = query("SELECT * FROM shop_thing ORDER BY id") if is_postgresql else everything()["shop_thing"][-1]
    changed = migration(migrations.RemoveField("thing", column.removesuffix("_id")))
    forwards(changed)

    run_sql(insert)
    backwards(changed)

    assert query(f"SELECT {column} FROM shop_thing WHERE name = 'new'") == [(value,)]
    run_sql("DELETE FROM shop_thing WHERE name = 'new'")
    assert (query("SELECT * FROM shop_thing ORDER BY id") if is_postgresql else everything()["shop_thing"][-1]) == rows


@pytest.mark.parametrize(
    ("field", "insert"),
    {
        "price": "INSERT INTO shop_thing (name, code, count, boss_id) VALUES ('new', 'n', 1, 1)",
        "code": "INSERT INTO shop_thing (name, count, price, boss_id) VALUES ('new', 1, 1, 1)",
    }.items(),
)
def test_rows_without_a_value_are_refused_before_anything_is_undone(field, insert):
    changed = migration(migrations.RemoveField("thing", field))
    forwards(changed)
    run_sql(insert)
    between = everything()

    with pytest.raises(RowsDoNotSuit, match=r"1 rows of .*shop_thing.* may not be NULL, and its field has no default"):
        backwards(changed)

    assert everything() == between
    run_sql("DELETE FROM shop_thing WHERE name = 'new'")
    backwards(changed)
    assert field in [column[0] for column in everything()["shop_thing"][0]]


def test_rows_that_come_while_there_is_no_order_have_zero_in_it():
    changed = migration(migrations.AlterOrderWithRespectTo("owner", None))

    forwards(changed)
    run_sql("INSERT INTO shop_owner (id, label) VALUES (4, 'd')")
    backwards(changed)

    assert query("SELECT _order FROM shop_owner ORDER BY id") == [(3,), (2,), (1,), (0,)]


def test_what_points_at_rows_deleted_meanwhile_points_nowhere_and_is_listed():
    changed = migration(migrations.RemoveField("thing", "owner"))
    forwards(changed)
    run_sql("INSERT INTO shop_owner (id, label, _order) VALUES (4, 'd', 4)")
    run_sql("DELETE FROM shop_thing_friends", "DELETE FROM shop_owner WHERE id = 3")

    backwards(changed)

    assert query("SELECT count(*) FROM shop_thing WHERE owner_id IS NULL") == [(3,)]
    assert query("SELECT count(*) FROM shop_thing WHERE owner_id IN (1, 2)") == [(6,)]
    listed = ConflictingRow.objects.order_by("key").values_list("key", "reason", "outcome")
    assert list(listed) == [(key, "blocked", "kept") for key in ("3", "6", "9")]
    assert Step.objects.get(kind="restore").rows_conflicting == 3


def test_what_may_not_point_nowhere_is_refused():
    changed = migration(migrations.RemoveField("part", "thing"))
    forwards(changed)
    run_sql("DELETE FROM shop_thing_friends WHERE thing_id = 2", "DELETE FROM shop_thing WHERE id = 2")
    between = everything()

    with pytest.raises(RowsDoNotSuit, match=r"1 rows point by of at rows of .*shop_thing.* that were deleted"):
        backwards(changed)

    assert everything() == between
    run_sql("DELETE FROM shop_part WHERE id = 2")
    backwards(changed)
    assert query("SELECT count(*) FROM shop_part") == [(8,)]


def test_the_application_deletes_what_retired_rows_point_at():
    changed = migration(migrations.RemoveField("part", "thing"), migrations.DeleteModel("Part"))
    forwards(changed)
    run_sql("DELETE FROM shop_thing_friends", "DELETE FROM shop_thing")
    with connection.cursor() as cursor:
        connection.check_constraints()
        cursor.execute("SELECT count(*) FROM shop_thing")
        assert cursor.fetchone() == (0,)


def test_names_are_free_for_others():
    changed = migration(migrations.RemoveField("thing", "note"), migrations.DeleteModel("Part"))
    after = forwards(changed)
    again = migration(
        migrations.AddField("thing", "note", models.TextField(null=True, db_index=True)),
        migrations.CreateModel("Part", [("id", models.BigAutoField(primary_key=True))]),
        name="0101_again",
        base=SchemaMigration,
    )
    start = state()
    for operation in changed.operations:
        operation.state_forwards("shop", start)

    with connection.schema_editor(atomic=False) as editor:
        again.apply(after, editor)
        assert query("SELECT count(*) FROM shop_part") == [(0,)]
        again.unapply(start, editor)
    backwards(changed)
    assert query("SELECT count(*) FROM shop_part") == [(9,)]


@only_postgresql
def test_an_index_made_by_hand_and_a_view_come_back():
    run_sql(
        "CREATE INDEX by_hand ON shop_thing (upper(note)) WHERE note IS NOT NULL",
        "CREATE VIEW of_notes AS SELECT note FROM shop_thing",
        "ALTER TABLE shop_thing ADD CONSTRAINT checked_by_hand CHECK (note IS NOT NULL OR count > 0) NOT VALID",
    )
    start = everything()
    changed = migration(migrations.RemoveField("thing", "note"))
    try:
        forwards(changed)
        run_sql("INSERT INTO shop_thing (name, code, count, price, boss_id) VALUES ('new', 'n', 0, 1, 1)")
        assert query("SELECT count(*) FROM of_notes") == [(10,)]
        run_sql("DELETE FROM shop_thing WHERE name = 'new'")
        backwards(changed)
        run_sql(f"ALTER SEQUENCE {start['shop_thing'][3]} RESTART WITH 10")
        ours, theirs = everything()["shop_thing"], start["shop_thing"]
        assert ours[:4] == theirs[:4]
        assert ours[-1] == theirs[-1]
    finally:
        run_sql("DROP VIEW of_notes")


@pytest.mark.skipif(is_postgresql, reason="PostgreSQL renames; triggers stay on their table")
def test_a_trigger_and_an_index_made_by_hand_come_back():
    run_sql(
        "CREATE TRIGGER by_hand AFTER UPDATE ON shop_part BEGIN SELECT 1; END",
        "CREATE INDEX of_hand ON shop_part (of, id)",
    )
    start = everything()
    changed = migration(migrations.DeleteModel("Part"))

    forwards(changed)
    backwards(changed)

    assert everything() == start


def test_a_primary_key_is_refused_before_anything_runs():
    start = everything()
    changed = migration(migrations.RemoveField("thing", "note"), migrations.RemoveField("owner", "id"))

    with pytest.raises(CannotRetire, match=r"shop.owner.id: cannot be taken out of use: it is the primary key"):
        forwards(changed)

    assert everything() == start
    assert not Run.objects.exists()


@only_postgresql
def test_where_nulls_would_collide_is_refused_before_anything_runs():
    if connection.pg_version < 150000:
        pytest.skip("PostgreSQL 15 has it")
    run_sql("CREATE UNIQUE INDEX one_null ON shop_thing (note) NULLS NOT DISTINCT")

    with pytest.raises(CannotRetire, match="NULLS NOT DISTINCT"):
        forwards(migration(migrations.RemoveField("thing", "note")))


def test_purged_it_is_gone_and_undo_says_since_when():
    changed = migration(migrations.RemoveField("thing", "note"), migrations.DeleteModel("Part"))
    forwards(changed)
    names = [journal.table_name for journal in JournalTable.objects.all()]
    Run.objects.update(finished_at="2020-01-01T00:00:00Z")

    call_command("purge_rollback_data", "--older-than", "30d", verbosity=0)

    assert {journal.state for journal in JournalTable.objects.all()} == {"purged"}
    assert len(names) == 2
    columns = [column[0] for column in everything()["shop_thing"][0]]
    assert not {"note", *names} & {*columns}
    with connection.cursor() as cursor:
        assert not {*names} & {*connection.introspection.table_names(cursor)}
    with pytest.raises(MissingJournal, match=r"which was out of use as rm_retired_\d+_0, was purged on \d{4}"):
        backwards(changed)


@only_postgresql
def test_a_column_of_a_table_retired_later_is_purged_with_its_own_name():
    first = migration(migrations.RemoveField("part", "thing"))
    after = forwards(first)
    second = migration(migrations.DeleteModel("Part"), name="0101_later")
    with connection.schema_editor(atomic=False) as editor:
        second.apply(after, editor)
    Run.objects.filter(name="0100_retired").update(finished_at="2020-01-01T00:00:00Z")

    call_command("purge_rollback_data", "--older-than", "30d", verbosity=0)

    kept = JournalTable.objects.get(state="kept")
    assert query(f"SELECT count(*) FROM {kept.table_name}") == [(9,)]
    assert JournalTable.objects.get(state="purged").target == '"shop_part"'


@only_postgresql
def test_what_a_view_needs_is_not_purged(capsys):
    run_sql("CREATE VIEW of_notes AS SELECT note FROM shop_thing")
    try:
        forwards(migration(migrations.RemoveField("thing", "note")))
        Run.objects.update(finished_at="2020-01-01T00:00:00Z")
        with pytest.raises(Exception, match=r"cannot be dropped: .* It is kept, with all it holds"):
            call_command("purge_rollback_data", "--older-than", "30d", verbosity=0)
        assert query("SELECT count(note) FROM of_notes") == [(9,)]
    finally:
        run_sql("DROP VIEW of_notes")


def shown(call):
    start = everything()
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        call(state(), editor, collect_sql=True)
    assert everything() == start
    return editor.collected_sql


def test_sqlmigrate_says_what_is_done_and_leaves_nothing_to_be_run():
    changed = migration(migrations.RemoveField("thing", "count"), migrations.DeleteModel("Part"))

    there, back = shown(changed.apply), shown(changed.unapply)

    assert all(line.startswith("--") for line in there + back)
    assert "-- Retire field count of thing" in there
    assert "-- Retire model Part" in there
    if is_postgresql:
        assert '--     ALTER TABLE "shop_thing" ALTER COLUMN "count" SET DEFAULT 7;' in there
        assert '--     ALTER TABLE "shop_thing" RENAME COLUMN "count" TO "rm_retired_<step>_0";' in there
        assert '--     ALTER TABLE "shop_part" RENAME TO "rm_retired_<step>_0";' in there
        assert '--     ALTER TABLE "shop_thing" RENAME COLUMN "rm_retired_<step>_0" TO "count";' in back
    else:
        copied = 'CREATE TABLE "rm_retired_<step>_0" AS SELECT "id", "count" FROM "shop_thing"'
        assert f"--     {copied};" in there
        assert any("filled from its copy" in line for line in back)


def test_sqlmigrate_shows_it_inside_other_operations_too():
    inside = migrations.SeparateDatabaseAndState([migrations.RemoveField("thing", "note")], [])

    assert any("Column note of" in line for line in shown(migration(inside).apply))


def test_the_optimizer_treats_it_as_a_removal():
    added = migrations.AddField("thing", "x", models.IntegerField(null=True))
    assert added.reduce(ops.RetireField("thing", "x"), "shop") == []
    path, _, kwargs = ops.RetireField("thing", "x").deconstruct()
    assert (path, kwargs) == ("RetireField", {"model_name": "thing", "name": "x"})


def test_verification_finds_nothing_wrong_while_it_is_out_of_use():
    forwards(migration(migrations.RemoveField("thing", "note"), migrations.DeleteModel("Part")))

    found = {result.name: result for result in verify("default").results}

    assert found["leftovers"].looked_at == 2
    assert {name: found[name].outcome for name in ("leftovers", "retention", "journals", "readiness")} == {
        "leftovers": "fine", "retention": "fine", "journals": "fine", "readiness": "info",
    }  # fmt: skip
