"""What is in the database, bit for bit, read by raw SQL: so that tests can say before and after."""

from django.apps import apps
from django.db import connection

APPS = ("shop", "elephants", "kiosk")


def tables():
    """Return the quoted names of all tables of the situations' apps."""
    models = [m for m in apps.get_models(include_auto_created=True) if m._meta.app_label in APPS]
    return sorted({connection.ops.quote_name(model._meta.db_table) for model in models})


def snapshot(*names):
    """
    Return ``{table: (columns, rows)}`` of the named models' tables, or of all.

    Columns are names with types; of each value the type and the exact text are kept: 1.0 is not
    1.00, 1 is not 1.0, an empty text is not NULL.
    """
    chosen = tables()
    if names:
        models = [apps.get_model("shop", name) if "." not in name else apps.get_model(name) for name in names]
        chosen = [connection.ops.quote_name(model._meta.db_table) for model in models]
    read = {"sqlite": _sqlite, "postgresql": _postgresql}[connection.vendor]
    with connection.cursor() as cursor:
        return {table: read(cursor, table) for table in chosen}


def rows(name):
    """Return the rows of one model's table as ``snapshot`` reads them."""
    return next(iter(snapshot(name).values()))[1]


def _sqlite(cursor, table):
    cursor.execute("SELECT name, type FROM pragma_table_xinfo(%s)", [table[1:-1]])
    columns = cursor.fetchall()
    values = ", ".join(
        f"typeof({quoted}), CASE typeof({quoted}) WHEN 'real' THEN printf('%!.17g', {quoted}) ELSE quote({quoted}) END"
        for quoted in (connection.ops.quote_name(name) for name, _ in columns)
    )
    cursor.execute(f"SELECT {values} FROM {table}")
    return tuple(columns), sorted(cursor.fetchall())


def _postgresql(cursor, table):
    cursor.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [table],
    )
    columns = cursor.fetchall()
    cursor.execute(f"SELECT ROW(t.*)::text FROM {table} AS t")
    return tuple(columns), sorted(cursor.fetchall())


def leftovers():
    """Return the triggers and functions of recordings that are still there."""
    queries = {
        "sqlite": "SELECT name FROM sqlite_temp_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'rm_%%'"
        " UNION ALL SELECT proname FROM pg_proc WHERE proname LIKE 'rm_%%'",
    }
    with connection.cursor() as cursor:
        cursor.execute(queries[connection.vendor], [])
        return [name for (name,) in cursor.fetchall()]


def journal_tables():
    """Return the names of the journal tables that exist."""
    return sorted(name for name in connection.introspection.table_names() if name.startswith("rm_journal_"))
