"""
What holds of Django's ``migrate`` holds of ``migrate_phased``: one project, done by either, on two databases each.

The project has what migrations stumble over: a swapped user model, an app of another label, a squashed migration,
``run_before``, ``elidable``, ``atomic = False``, several leaves, a router with a second database, receivers.
"""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.crash.conftest import on_postgresql, server_url
from tests.crash.databases import PostgreSQLScratch, SQLiteScratch

FILES = {
    "site_settings.py": """
        import environ
        env = environ.Env()
        SECRET_KEY, USE_TZ, DEFAULT_AUTO_FIELD = "x", True, "django.db.models.BigAutoField"
        AUTH_USER_MODEL = "persons.Person"
        DATABASES = {"default": env.db_url("FIRST"), "second": env.db_url("SECOND")}
        DATABASE_ROUTERS = ["routing.Router"]
        INSTALLED_APPS = [
            "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
            "people.apps.People", "store.apps.Store", "logs", "reversible_migrations",
        ]
    """,
    "routing.py": """
        class Router:
            def allow_migrate(self, db, app_label, **hints):
                return app_label in ("logs", "reversible_migrations") if db == "second" else app_label != "logs"
    """,
    "people/__init__.py": "",
    "people/apps.py": """
        from django.apps import AppConfig
        class People(AppConfig):
            name, label = "people", "persons"
    """,
    "people/models.py": """
        from django.contrib.auth.models import AbstractUser
        from django.db import models
        class Person(AbstractUser):
            nickname = models.CharField(max_length=20, default="?")
            class Meta:
                permissions = [("tease", "Can tease")]
    """,
    "people/migrations/__init__.py": "",
    "store/__init__.py": "",
    "store/apps.py": """
        import json, os
        from django.apps import AppConfig
        from django.db.models.signals import post_migrate, pre_migrate
        def note(sender, using, plan, signal, **kwargs):
            names = sorted(f"{m.app_label}.{m.name}" for m, _ in plan)
            which = "pre" if signal is pre_migrate else "post"
            models = sorted(model._meta.label for model in kwargs["apps"].get_models())
            with open(os.environ["SIGNALS"], "a") as told:
                told.write(json.dumps([which, sender.label, using, names, models]) + "\\n")
        class Store(AppConfig):
            name = "store"
            def ready(self):
                for signal in (pre_migrate, post_migrate):
                    signal.connect(note, sender=self)
    """,
    "store/models.py": """
        from django.conf import settings
        from django.db import models
        class Shelf(models.Model):
            id = models.BigAutoField(primary_key=True)
            label = models.CharField(max_length=9, db_index=True)
            keeper = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True)
        class Ware(models.Model):
            id = models.BigAutoField(primary_key=True)
            shelf = models.ForeignKey(Shelf, models.PROTECT)
            price = models.DecimalField(max_digits=9, decimal_places=2, default=0)
            class Meta:
                indexes = [models.Index(fields=["price"], name="store_price")]
                constraints = [models.CheckConstraint(condition=models.Q(price__gte=0), name="store_not_negative")]
    """,
    "store/migrations/__init__.py": "",
    "store/migrations/0001_initial.py": """
        from django.conf import settings
        from django.db import migrations, models
        class Migration(migrations.Migration):
            initial = True
            dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
            operations = [
                migrations.CreateModel("Shelf", [
                    ("id", models.BigAutoField(primary_key=True)), ("label", models.CharField(max_length=9)),
                    ("keeper", models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True)),
                ]),
            ]
    """,
    "store/migrations/0002_ware.py": """
        from django.db import migrations, models
        class Migration(migrations.Migration):
            dependencies = [("store", "0001_initial")]
            operations = [
                migrations.CreateModel("Ware", [
                    ("id", models.BigAutoField(primary_key=True)),
                    ("shelf", models.ForeignKey("store.Shelf", models.PROTECT)),
                    ("price", models.DecimalField(max_digits=9, decimal_places=2, default=0)),
                ]),
            ]
    """,
    "store/migrations/0003_first_shelf.py": """
        from django.db import migrations
        def fill(apps, schema_editor):
            apps.get_model("store", "Shelf").objects.using(schema_editor.connection.alias).create(label="first")
        def empty(apps, schema_editor):
            apps.get_model("store", "Shelf").objects.using(schema_editor.connection.alias).all().delete()
        class Migration(migrations.Migration):
            atomic = False
            dependencies = [("store", "0002_ware")]
            operations = [migrations.RunPython(fill, empty, elidable=True)]
    """,
    "store/migrations/0004_price.py": """
        from django.db import migrations, models
        class Migration(migrations.Migration):
            dependencies = [("store", "0003_first_shelf")]
            run_before = [("logs", "0001_initial")]
            operations = [
                migrations.AddIndex("ware", models.Index(fields=["price"], name="store_price")),
                migrations.AlterField("shelf", "label", models.CharField(max_length=9, db_index=True)),
            ]
            phase = "prepare"
    """,
    "store/migrations/0005_not_negative.py": """
        from django.db import models
        from django.db.migrations import AddConstraint
        from reversible_migrations import ZeroDowntimeMigration
        class Migration(ZeroDowntimeMigration):
            dependencies = [("store", "0004_price")]
            def migrate_data(self, apps, patch):
                patch.update(apps.get_model("store", "Shelf").objects.all(), label="new")
            switch = [AddConstraint("ware", models.CheckConstraint(
                condition=models.Q(price__gte=0), name="store_not_negative"))]
    """,
    "logs/__init__.py": "",
    "logs/models.py": """
        from django.db import models
        class Line(models.Model):
            id = models.BigAutoField(primary_key=True)
            text = models.TextField()
    """,
    "logs/migrations/__init__.py": "",
    "logs/migrations/0001_initial.py": """
        from django.db import migrations, models
        class Migration(migrations.Migration):
            initial = True
            operations = [migrations.CreateModel("Line", [
                ("id", models.BigAutoField(primary_key=True)), ("text", models.TextField()),
            ])]
    """,
    "manage.py": """
        import os, sys
        os.environ["DJANGO_SETTINGS_MODULE"] = "site_settings"
        from django.core.management import execute_from_command_line
        execute_from_command_line(sys.argv)
    """,
}
SQUASHED = """
    from django.conf import settings
    from django.db import migrations, models
    class Migration(migrations.Migration):
        initial = True
        replaces = [("store", "0001_initial"), ("store", "0002_ware")]
        dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
        operations = [
            migrations.CreateModel("Shelf", [
                ("id", models.BigAutoField(primary_key=True)), ("label", models.CharField(max_length=9)),
                ("keeper", models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True)),
            ]),
            migrations.CreateModel("Ware", [
                ("id", models.BigAutoField(primary_key=True)),
                ("shelf", models.ForeignKey("store.Shelf", models.PROTECT)),
                ("price", models.DecimalField(max_digits=9, decimal_places=2, default=0)),
            ]),
        ]
"""


class Site:
    """The project with its two databases, and a process for each command."""

    def __init__(self, folder, name):
        self.folder, self.databases = folder, {}
        for alias in ("FIRST", "SECOND"):
            if on_postgresql():
                database = PostgreSQLScratch(server_url(), f"rm_site_{os.getpid()}_{name}_{alias}".lower())
                database.create()
            else:
                database = SQLiteScratch(folder.parent / f"{name}_{alias}.sqlite3")
            self.databases[alias] = database

    def write(self, path, text):
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(textwrap.dedent(text))

    def manage(self, *arguments, status=0):
        inherited = {name: value for name, value in os.environ.items() if "DJANGO_SETTINGS" not in name}
        environment = {
            **inherited, "PYTHONPATH": f"{self.folder}:{Path.cwd()}", "SIGNALS": str(self.folder / "signals"),
            **{alias: database.url for alias, database in self.databases.items()},
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments, "--verbosity=0"],
            cwd=self.folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == status, done.stderr + done.stdout
        return done.stdout

    def signals(self):
        """Return what the receivers were told since the last call."""
        place = self.folder / "signals"
        found = [json.loads(line) for line in place.read_text().splitlines()] if place.exists() else []
        place.unlink(missing_ok=True)
        return found

    def facts(self, alias):
        """Return what commands are to leave behind in a database, but for our ledger's rows."""
        database = self.databases[alias]
        tables = {name for name in database.table_names() if not name.startswith(("sqlite_", "sql_", "pg_"))}
        found = {"tables": tables, "migrations": set(database.query("SELECT app, name FROM django_migrations"))}
        for table in tables - {"django_migrations"}:
            if table.startswith("reversible_migrations_"):
                continue
            found[table] = self.columns(database, table)
        if "auth_permission" in tables:
            found["types"] = set(database.query("SELECT app_label, model FROM django_content_type"))
            found["permissions"] = set(
                database.query(
                    "SELECT c.app_label, p.codename FROM auth_permission AS p"
                    " JOIN django_content_type AS c ON c.id = p.content_type_id"
                )
            )
        if "store_shelf" in tables:
            found["shelves"] = database.query("SELECT label FROM store_shelf ORDER BY id")
        return found

    def columns(self, database, table):
        if database.vendor == "sqlite":
            columns = database.query(f"SELECT name, type, \"notnull\", dflt_value FROM pragma_table_xinfo('{table}')")
            indexes = f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = '{table}' ORDER BY name"
            return sorted(columns), database.query(indexes)
        return database.query(
            "SELECT column_name, data_type, is_nullable, NULL FROM information_schema.columns"
            f" WHERE table_schema = 'public' AND table_name = '{table}' UNION ALL"
            f" SELECT indexname, indexdef, NULL, NULL FROM pg_indexes WHERE tablename = '{table}' UNION ALL"
            " SELECT conname, pg_get_constraintdef(oid), convalidated::text, NULL FROM pg_constraint"
            f" WHERE conrelid = '{table}'::regclass ORDER BY 1, 2, 3"
        )


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The folder of the project, with the user model's migration as Django writes it."""
    site = Site(tmp_path_factory.mktemp("site"), "template")
    for path, text in FILES.items():
        if not path.startswith("store/migrations/"):  # they depend on the one that is made
            site.write(path, text)
    site.manage("makemigrations", "persons")
    for path, text in FILES.items():
        site.write(path, text)
    for database in site.databases.values():
        database.drop()
    return site.folder


@pytest.fixture
def sites(tmp_path, project):
    """Two of the same project: for ``migrate`` and for ``migrate_phased``."""
    made = [Site(tmp_path / name, name) for name in ("django", "ours")]
    for site in made:
        shutil.copytree(project, site.folder, dirs_exist_ok=True)
    yield made
    for site in made:
        for database in site.databases.values():
            database.drop()


def everywhere(site, *arguments):
    for alias in ("default", "second"):
        site.manage(*arguments, "--database", alias)


def same(django, ours):
    for alias in ("FIRST", "SECOND"):
        theirs, found = django.facts(alias), ours.facts(alias)
        for name in theirs.keys() | found.keys():
            assert found.get(name) == theirs.get(name), (alias, name)


def test_a_new_database(sites):
    django, ours = sites

    everywhere(django, "migrate")
    everywhere(ours, "migrate_phased", "--phase", "cleanup")

    same(django, ours)
    told, theirs = ours.signals(), django.signals()
    assert [(which, label, alias, set(names)) for which, label, alias, names, _ in told] == [
        (which, label, alias, set(names)) for which, label, alias, names, _ in theirs
    ]
    assert told[1][4] == theirs[1][4]
    assert ours.databases["FIRST"].query("SELECT label FROM store_shelf") == [("new",)]
    assert not {"store_ware", "logs_line"} & ours.databases["SECOND"].table_names() - {"logs_line"}
    everywhere(ours, "migrate", "--check")
    ours.manage("makemigrations", "--check", "--dry-run", "persons")


def test_phase_by_phase_and_back(sites):
    django, ours = sites
    everywhere(django, "migrate")

    for phase in ("prepare", "migrate_data", "switch"):
        everywhere(ours, "migrate_phased", "--phase", phase)
    same(django, ours)

    django.manage("migrate", "store", "0004")
    ours.manage("safe_rollback", "store", "0004", "--noinput")
    same(django, ours)
    for site in sites:
        site.manage("migrate", "store", "zero")
    same(django, ours)


def test_a_squashed_migration_on_a_database_that_has_what_it_replaces(sites):
    for site in sites:
        everywhere(site, "migrate", "store", "0002")
        site.write("store/migrations/0001_squashed_0002_ware.py", SQUASHED)
    django, ours = sites

    everywhere(django, "migrate")
    everywhere(ours, "migrate_phased", "--phase", "cleanup")

    same(django, ours)
    assert ("store", "0001_squashed_0002_ware") in ours.facts("FIRST")["migrations"]


def test_a_squashed_migration_on_a_new_database(sites):
    for site in sites:
        site.write("store/migrations/0001_squashed_0002_ware.py", SQUASHED)
    django, ours = sites

    everywhere(django, "migrate")
    everywhere(ours, "migrate_phased", "--phase", "cleanup")

    same(django, ours)


def test_faked(sites):
    django, ours = sites

    everywhere(django, "migrate", "--fake")
    everywhere(ours, "migrate_phased", "--phase", "cleanup", "--fake")

    for alias in ("FIRST", "SECOND"):
        assert ours.facts(alias)["migrations"] == django.facts(alias)["migrations"]


def test_tables_that_are_there_are_taken_as_initial(sites):
    for site in sites:
        everywhere(site, "migrate")
        for database in site.databases.values():
            database.execute("DELETE FROM django_migrations WHERE app IN ('sessions', 'logs')")
    django, ours = sites

    everywhere(django, "migrate", "--fake-initial")
    everywhere(ours, "migrate_phased", "--phase", "cleanup", "--fake-initial")

    same(django, ours)


def test_squashing_folds_phases_unless_data_would_be_lost(sites):
    ours = sites[1]
    ours.manage("squashmigrations", "store", "0005", "--noinput", status=1)
    path = ours.folder / "store/migrations/0005_not_negative.py"
    path.write_text(path.read_text().replace("    dependencies", "    elidable = True\n    dependencies"))

    ours.manage("squashmigrations", "store", "0005", "--noinput")

    (made,) = ours.folder.glob("store/migrations/0001*squashed*0005*")
    assert "store_not_negative" in made.read_text()
    assert "migrate_data" not in made.read_text()
    everywhere(ours, "migrate_phased", "--phase", "cleanup")
    assert ours.databases["FIRST"].query("SELECT label FROM store_shelf") == []
