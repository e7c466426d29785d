"""The table ``shop_thing``, made and filled for each test, and migrations that change it."""

import pytest
from django.db import connection, models
from django.db.migrations.state import ModelState, ProjectState

from reversible_migrations import SchemaMigration
from tests.situations.fixtures import empty, shop, transactional_db
from tests.situations.running import migration_of

__all__ = ["shop", "transactional_db"]
OBJECTS = [
    ("EXTENSION", "citext"),
    ("EXTENSION", "intarray"),
    ("COLLATION", "shop_german"),
    ("COLLATION", "shop_any_case"),
    ("COLLATION", "there_collation"),
]
TABLES = ("shop_thing", "shop_owner", "shop_new", "shop_thing_friends", "shop_item")


def state():
    """Return the state of a project with two models, whose tables the fixture makes."""
    key = ("id", models.BigAutoField(primary_key=True))
    found = ProjectState()
    found.add_model(ModelState("shop", "Owner", [key]))
    found.add_model(
        ModelState(
            "shop",
            "Thing",
            [
                key,
                ("name", models.CharField(max_length=50)),
                ("code", models.CharField(max_length=20, null=True)),
                ("count", models.IntegerField(default=0)),
                ("owner_id", models.BigIntegerField(null=True)),
                ("Odd % Name'", models.TextField(null=True)),
                ("note", models.TextField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["count", "name"], name="there_index")],
                "constraints": [
                    models.UniqueConstraint(fields=["name", "code"], name="there_unique"),
                    models.CheckConstraint(condition=models.Q(owner_id__gte=-9), name="there_check"),
                ],
            },
        )
    )
    return found


def drop():
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DROP TABLE IF EXISTS {table}{' CASCADE' if connection.vendor == 'postgresql' else ''}")
        for kind, name in OBJECTS if connection.vendor == "postgresql" else ():
            cursor.execute(f"DROP {kind} IF EXISTS {name}")


@pytest.fixture
def things(shop):
    """Ten rows in shop_thing, and owners 1 to 3."""
    drop()
    found = state()
    with connection.schema_editor() as editor:
        for name in ("Owner", "Thing"):
            editor.create_model(found.apps.get_model("shop", name))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("CREATE COLLATION there_collation (provider = icu, locale = 'de-x-icu')")
        cursor.executemany("INSERT INTO shop_owner (id) VALUES (%s)", [(n,) for n in (1, 2, 3)])
        cursor.executemany(
            "INSERT INTO shop_thing (name, code, count, owner_id) VALUES (%s, %s, %s, %s)",
            [(f"name {n}", f"c{n}", n, 1 + n % 3) for n in range(10)],
        )
    yield
    connection.close()
    drop()
    empty()


def migration(*operations, name="0100_online", base=SchemaMigration, **options):
    return migration_of(*operations, name=name, base=base, **options)


def forwards(changed):
    with connection.schema_editor(atomic=False) as editor:
        changed.apply(state(), editor)


def backwards(changed):
    with connection.schema_editor(atomic=False) as editor:
        changed.unapply(state(), editor)


def shape():
    """Return the tables with their columns, constraints and indexes as the catalogue has them, and the rows."""
    with connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
        found = {table: _shape_of(cursor, table) for table in TABLES if table in present}
        if connection.vendor == "postgresql":
            cursor.execute("SELECT extname FROM pg_extension UNION SELECT collname FROM pg_collation WHERE oid > 16383")
            found["objects"] = sorted(cursor.fetchall()), []
        cursor.execute("SELECT id, name, code, count, owner_id FROM shop_thing ORDER BY id")
        return found, cursor.fetchall()


def _shape_of(cursor, table):
    columns = sorted(
        (column.name, str(column.type_code), column.null_ok, column.default)
        for column in connection.introspection.get_table_description(cursor, table)
    )
    constraints = connection.introspection.get_constraints(cursor, table)
    facts = sorted(
        (name, tuple(fact["columns"] or ()), fact["unique"], fact["index"], fact["check"], fact["foreign_key"])
        for name, fact in constraints.items()
        if not name.startswith("__")
    )
    if connection.vendor == "postgresql":
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint"
            " WHERE conrelid = to_regclass(%s) ORDER BY 1",
            [table],
        )
        facts += cursor.fetchall()
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid FROM pg_index"
            " WHERE indrelid = to_regclass(%s) ORDER BY 1",
            [table],
        )
        facts += cursor.fetchall()
    return columns, facts
