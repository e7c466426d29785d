"""The tables ``shop_thing`` and ``shop_owner``, with everything that can hang on a column, and what they look like."""

import pytest
from django.db import connection, models
from django.db.migrations.state import ModelState, ProjectState
from django.db.models.functions import Lower

from reversible_migrations import ReversibleMigration
from tests.situations.fixtures import empty, shop, transactional_db
from tests.situations.running import migration_of

__all__ = ["shop", "transactional_db"]
TABLES = ("shop_thing", "shop_owner", "shop_thing_friends", "shop_part")
is_postgresql = connection.vendor == "postgresql"
ODD = "Odd % Name'"


def state():
    """Return the state of a project whose tables the fixture makes."""
    key = ("id", models.BigAutoField(primary_key=True))
    owner = models.ForeignKey("shop.Owner", models.CASCADE, null=True, related_name="+")
    found = ProjectState()
    label = ("label", models.CharField(max_length=20))
    found.add_model(ModelState("shop", "Owner", [key, label], options={"order_with_respect_to": "label"}))
    found.add_model(
        ModelState(
            "shop",
            "Thing",
            [
                key,
                ("name", models.CharField(max_length=50)),
                ("code", models.CharField(max_length=20, unique=True)),
                ("count", models.PositiveIntegerField(default=7)),
                ("price", models.DecimalField(max_digits=9, decimal_places=3)),
                ("note", models.TextField(null=True, db_index=True, db_comment="it's said")),
                ("owner", owner),
                ("boss", models.ForeignKey("shop.Owner", models.CASCADE, related_name="+")),
                (ODD, models.TextField(null=True)),
                ("plain", models.TextField(null=True)),
                ("friends", models.ManyToManyField("shop.Owner", related_name="+")),
            ],
            options={"indexes": [models.Index(Lower("name"), name="thing_lower_name")]},
        )
    )
    found.add_model(
        ModelState("shop", "Part", [key, ("thing", models.ForeignKey("shop.Thing", models.CASCADE, db_column="of"))])
    )
    return found


def drop():
    with connection.cursor() as cursor:
        if not is_postgresql:
            cursor.execute("PRAGMA foreign_keys = OFF")
        for name in connection.introspection.table_names(cursor):
            if name in TABLES or name.startswith("rm_retired_"):
                cursor.execute(f"DROP TABLE {name}{' CASCADE' if is_postgresql else ''}")
        if not is_postgresql:
            cursor.execute("PRAGMA foreign_keys = ON")


@pytest.fixture
def things(shop):
    """Ten rows in shop_thing, with owners 1 to 3, friends and parts."""
    drop()
    found = state()
    with connection.schema_editor() as editor:
        for name in ("Owner", "Thing", "Part"):
            editor.create_model(found.apps.get_model("shop", name))
    run_sql(
        "INSERT INTO shop_owner (id, label, _order) VALUES (1, 'a', 3), (2, 'b', 2), (3, 'c', 1)",
        *(
            "INSERT INTO shop_thing (name, code, count, price, note, owner_id, boss_id)"
            f" VALUES ('Name {n}', 'c{n}', {n}, {n}.125, 'note {n}', {1 + n % 3}, {1 + n % 2})"
            for n in range(10)
        ),
        "DELETE FROM shop_thing WHERE code = 'c9'",
        "INSERT INTO shop_thing_friends (thing_id, owner_id) SELECT id, 2 FROM shop_thing",
        "INSERT INTO shop_part (of) SELECT id FROM shop_thing",
    )
    yield
    connection.close()
    drop()
    empty()


def run_sql(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def query(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def migration(*operations, name="0100_retired", base=ReversibleMigration, **options):
    return migration_of(*operations, name=name, base=base, **options)


def forwards(changed):
    with connection.schema_editor(atomic=changed.atomic) as editor:
        return changed.apply(state(), editor)


def backwards(changed):
    with connection.schema_editor(atomic=changed.atomic) as editor:
        changed.unapply(state(), editor)


def everything():
    """Return tables with their columns, constraints, indexes, comments and rows, sequences and views."""
    with connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
        return {table: _postgresql(table) if is_postgresql else _sqlite(cursor, table) for table in present & {*TABLES}}


def _postgresql(table):
    columns = query(
        "SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,"
        " pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum) FROM pg_attribute AS a"
        " LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
        f" WHERE a.attrelid = '{table}'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
    )
    constraints = query(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint"
        f" WHERE '{table}'::regclass IN (conrelid, confrelid) ORDER BY 1, 2"
    )
    indexes = query(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid FROM pg_index"
        f" WHERE indrelid = '{table}'::regclass ORDER BY 1"
    )
    sequence = query(f"SELECT pg_get_serial_sequence('{table}', 'id')")[0][0]
    rows = query(f"SELECT ROW(t.*)::text FROM {table} AS t ORDER BY t.id")
    return columns, constraints, indexes, sequence, query(f"SELECT last_value FROM {sequence}"), rows


def _sqlite(cursor, table):
    columns = sorted(row[1:4] for row in query(f"SELECT * FROM pragma_table_xinfo('{table}')"))
    facts = connection.introspection.get_constraints(cursor, table)
    constraints = sorted(
        (
            name.rstrip("0123456789") if fact["foreign_key"] else name,
            str(fact["columns"]),
            fact["unique"],
            fact["check"],
            str(fact["foreign_key"]),
        )
        for name, fact in facts.items()
        if not name.startswith("__")
    )
    objects = query(
        f"SELECT name FROM sqlite_master WHERE tbl_name = '{table}' AND sql IS NOT NULL AND type <> 'table'"
    )
    values = ", ".join(f'typeof("{name}"), quote("{name}")' for name, *_ in columns)
    rows = query(f"SELECT {values} FROM {table} ORDER BY id")
    return columns, constraints, sorted(objects), query(f"SELECT seq FROM sqlite_sequence WHERE name = '{table}'"), rows
