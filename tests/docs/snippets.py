"""
A program: run and undo every migration it is given, on the example project in the current folder.

It reads ``[{"name", "kind", "code"}, ...]`` from its input, and its last line is ``{name: {"error",
"changed", "restored"}}``. ``DOCS_DATABASE`` is Django's description of the database; one that is not
on SQLite is created, and dropped at the end.
"""

import importlib
import json
import os
import sys
from pathlib import Path

MIGRATION = Path("stock/migrations/0002_snippet.py")
AROUND_A_PATCH = """\
import re
from datetime import date, timedelta
from decimal import Decimal

from django.db import connections
from django.db.models import *
from django.db.models.functions import *

from reversible_migrations import ReversibleDataPatch


class Migration(ReversibleDataPatch):
    dependencies = [("stock", "0001_initial")]

    def patch(self, apps, patch):
        Medicine = apps.get_model("stock", "Medicine")
        Batch = apps.get_model("stock", "Batch")
        Category = apps.get_model("stock", "Category")
"""


def main() -> None:
    sys.path.insert(0, str(Path.cwd()))
    os.environ["DJANGO_SETTINGS_MODULE"] = "pharmacy.settings"
    from django.conf import settings

    described = json.loads(os.environ["DOCS_DATABASE"])
    settings.DATABASES = {"default": described}
    is_new = "sqlite" not in described["ENGINE"]
    if is_new:
        administer(described, "CREATE")
    try:
        print(json.dumps(outcomes(json.load(sys.stdin), is_new)))
    finally:
        if is_new:
            from django.db import connection

            connection.close()
            administer(described, "DROP")


def administer(described: dict[str, str], verb: str) -> None:
    import psycopg

    names = {"USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    given = {ours: described[name] for name, ours in names.items() if name in described}
    with psycopg.connect(dbname="postgres", autocommit=True, **given) as connection:
        connection.execute(f'{verb} DATABASE "{described["NAME"]}"')


def outcomes(snippets: list[dict[str, str]], is_new: bool) -> dict[str, dict[str, object]]:
    import django
    from django.core.management import call_command

    django.setup()
    if is_new:
        call_command("makemigrations", "stock", verbosity=0)
        call_command("migrate", verbosity=0)
        exec(Path("load.py").read_text(), {})
    return {snippet["name"]: outcome(snippet) for snippet in snippets}


def outcome(snippet: dict[str, str]) -> dict[str, object]:
    from django.core.management import call_command

    code = snippet["code"]
    if snippet["kind"] == "patch":
        code = AROUND_A_PATCH + "".join(f"        {line}\n" for line in code.splitlines())
    MIGRATION.write_text(code)
    forget()
    before = tables()
    try:
        call_command("migrate", "stock", "0002", verbosity=0)
        changed = tables() != before
        call_command("migrate", "stock", "0001", verbosity=0)
    except BaseException as error:
        return {"error": f"{type(error).__name__}: {error}", "changed": False, "restored": False}
    finally:
        MIGRATION.unlink()
        forget()
    return {"error": "", "changed": changed, "restored": tables() == before}


def forget() -> None:
    sys.modules.pop("stock.migrations.0002_snippet", None)
    importlib.invalidate_caches()


def tables() -> dict[str, list[str]]:
    from django.db import connection

    found = {}
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            if name.startswith("stock_"):
                cursor.execute(f'SELECT * FROM "{name}"')
                columns = [column[0] for column in cursor.description]
                found[name] = sorted(repr(dict(zip(columns, row, strict=True))) for row in cursor.fetchall())
    return found


if __name__ == "__main__":
    main()
