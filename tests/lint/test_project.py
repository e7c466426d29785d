"""Migrations of installed apps: loaded one by one, and those that cannot be are said."""

import zipfile

import pytest
from django.db.migrations.loader import MigrationLoader

from reversible_migrations.exceptions import CannotLint
from reversible_migrations.lint.checking import check_migrations
from reversible_migrations.lint.project import loaded_project
from tests.lint.reading import migration

INITIAL = """
class Migration(migrations.Migration):
    operations = [migrations.CreateModel("Bread", [
        ("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=20)),
    ])]
"""


def after(name, operations, attributes="", before=""):
    return f"""{before}
class Migration(migrations.Migration):
    {attributes}
    dependencies = [("bakery", "{name}")]
    operations = [{operations}]
"""


FILLING = """
def fill(apps, schema_editor):
    apps.get_model("bakery", "Bread").objects.using(schema_editor.connection.alias).filter(pk=1).update(name="")
"""


RULES = ("RM001", "RM002", "RM007", "RM101", "RM102", "RM105", "RM201", "RM202")


def found(*apps, **options):
    """Return what is found, of the rules that these tests are about."""
    findings = check_migrations(apps, **options).findings
    return [(each.code, each.migration, each.operation) for each in findings if each.code in RULES]


def test_what_is_loaded_is_linted_with_lines_and_names(installed):
    second = after("0001_initial", "\n    migrations.RunPython(fill),\n", before=FILLING)
    installed({"bakery/migrations/0001_initial.py": INITIAL, "bakery/migrations/0002_fill.py": second}, "bakery")

    (finding,) = check_migrations(["bakery"]).findings

    assert (finding.code, finding.where, finding.operation) == ("RM101", "bakery.0002_fill", "1")
    assert finding.hint == 'ops.RecordedPython(fill, models=["bakery.Bread"])'
    assert finding.path.endswith("bakery/migrations/0002_fill.py")
    assert migration(second).splitlines()[finding.line - 1] == "    migrations.RunPython(fill),"


class TestBrokenMigrations:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("class Migration(\n", "SyntaxError"),
            ("import nothing_like_this\nclass Migration(migrations.Migration): ...", "ModuleNotFoundError"),
            ("raise RuntimeError('no')\nclass Migration(migrations.Migration): ...", "RuntimeError: no"),
            ("operations = []", "it has no class Migration"),
            ("class Migration:\n    pass", "TypeError"),
        ],
    )
    def test_each_is_a_finding_and_the_others_are_linted(self, text, said, installed):
        files = {
            "bakery/migrations/0001_initial.py": INITIAL,
            "bakery/migrations/0002_broken.py": text if "class Migration" in text else f"# class Migration\n{text}",
            "bakery/migrations/0003_drop.py": after("0002_broken", 'migrations.RemoveField("bread", "name")'),
        }
        installed(files, "bakery")

        findings = check_migrations(["bakery"]).findings

        assert [each.code for each in findings] == ["RM001", "RM215", "RM105", "RM211"]
        assert said in findings[0].message

    def test_one_that_cannot_be_imported_is_read_from_its_source(self, installed):
        broken = after("0001_initial", "migrations.RunPython(fill)", before=f"import nothing_like_this\n{FILLING}")
        installed({"bakery/migrations/0001_initial.py": INITIAL, "bakery/migrations/0002_x.py": broken}, "bakery")

        assert found("bakery") == [("RM001", "0002_x", None), ("RM101", "0002_x", "1")]

    def test_a_package_that_cannot_be_imported(self, installed):
        installed({"bakery/migrations/__init__.py": "raise RuntimeError('no')"}, "bakery")

        assert found("bakery") == [("RM001", "", None)]

    def test_a_dependency_that_there_is_not(self, installed):
        second = after("0001_nothing", 'migrations.RemoveField("bread", "name")')
        installed({"bakery/migrations/0001_initial.py": INITIAL, "bakery/migrations/0002_x.py": second}, "bakery")

        assert found("bakery") == [("RM002", "0002_x", None), ("RM105", "0002_x", "1")]

    def test_migrations_that_wait_for_each_other(self, installed):
        files = {
            "bakery/migrations/0001_a.py": after("0002_b", "migrations.RunSQL('SELECT 1')"),
            "bakery/migrations/0002_b.py": after("0001_a", "migrations.RunSQL('SELECT 1')"),
        }
        installed(files, "bakery")

        assert sorted(found("bakery")) == [
            ("RM002", "0001_a", None), ("RM102", "0001_a", "1"), ("RM102", "0002_b", "1"),
        ]  # fmt: skip

    def test_an_operation_that_does_not_fit_the_state_is_said_once_for_its_app(self, installed):
        second = after("0001_initial", 'migrations.RemoveField("cake", "a"), migrations.RemoveField("cake", "b")')
        installed({"bakery/migrations/0001_initial.py": INITIAL, "bakery/migrations/0002_x.py": second}, "bakery")

        findings = check_migrations(["bakery"], rules=["RM001"]).findings

        assert [(each.code, each.operation) for each in findings] == [("RM002", "1")]
        assert "Remove field a from cake" in findings[0].message
        assert "KeyError" in findings[0].message


class TestOddMigrations:
    def test_operations_made_by_code_stand_on_the_line_of_the_class(self, installed):
        made = "[migrations.RunSQL(f'DELETE FROM x{n}') for n in range(2)]"
        text = f"class Migration(migrations.Migration):\n    operations = {made}\n"
        installed({"bakery/migrations/0001_initial.py": text}, "bakery")

        findings = check_migrations(["bakery"]).findings

        assert [each.operation for each in findings] == ["1", "2"]
        lines = migration(text).splitlines()
        assert {lines[each.line - 1] for each in findings} == {"class Migration(migrations.Migration):"}

    def test_a_class_made_by_code(self, installed):
        text = "Migration = type('Migration', (migrations.Migration,), {'operations': [migrations.RunSQL('DROP x')]})"
        installed({"bakery/migrations/0001_initial.py": f"# class Migration\n{text}"}, "bakery")

        assert found("bakery") == [("RM102", "0001_initial", "1")]

    def test_a_broken_migration_in_a_zip_file(self, installed, tmp_path):
        with zipfile.ZipFile(tmp_path / "apps.zip", "w") as archive:
            archive.writestr("bakery/__init__.py", "")
            archive.writestr("bakery/migrations/__init__.py", "")
            archive.writestr("bakery/migrations/0001_initial.py", "class Migration(")
        installed({}, "bakery", path=tmp_path / "apps.zip")

        (finding,) = check_migrations(["bakery"]).findings

        assert finding.code == "RM001"
        assert "SyntaxError" in finding.message

    def test_a_package_in_a_zip_file(self, installed, tmp_path):
        with zipfile.ZipFile(tmp_path / "apps.zip", "w") as archive:
            archive.writestr("bakery/__init__.py", "")
            archive.writestr(
                "bakery/apps.py", "from django.apps import AppConfig\nclass C(AppConfig):\n    name='bakery'"
            )
            archive.writestr("bakery/migrations/__init__.py", "")
            archive.writestr("bakery/migrations/0001_initial.py", migration(INITIAL))
            second = after("0001_initial", "\n    migrations.RunPython(fill),\n", before=FILLING)
            archive.writestr("bakery/migrations/0002_fill.py", migration(second))
        installed({}, "bakery", path=tmp_path / "apps.zip")

        (finding,) = check_migrations(["bakery"]).findings

        assert finding.hint == 'ops.RecordedPython(fill, models=["bakery.Bread"])'
        assert finding.line > 1

    def test_a_wrapped_function_is_read(self, installed):
        wrapping = f"""
from functools import partial, wraps

{FILLING}

def logged(function):
    @wraps(function)
    def call(apps, schema_editor):
        return function(apps, schema_editor)
    return call

def silently(function):
    def call(apps, schema_editor):
        return function(apps, schema_editor)
    return call

class Filling:
    def __call__(self, apps, schema_editor):
        fill(apps, schema_editor)
"""
        noop = "migrations.RunPython.noop"
        wrapped = ["logged(fill)", "silently(fill)", "partial(fill)", "Filling()", "Filling().__call__"]
        operations = ", ".join(f"migrations.RunPython({each}, {noop})" for each in wrapped)
        second = after("0001_initial", operations, before=wrapping)
        installed({"bakery/migrations/0001_initial.py": INITIAL, "bakery/migrations/0002_x.py": second}, "bakery")

        findings = check_migrations(["bakery"]).findings

        assert [each.code for each in findings] == ["RM103"] * len(wrapped)
        assert {each.hint.partition("models=")[2] for each in findings} == {'["bakery.Bread"])'}


SQUASHED = {
    "bakery/migrations/0001_initial.py": INITIAL,
    "bakery/migrations/0002_drop.py": after("0001_initial", 'migrations.RemoveField("bread", "name")'),
    "bakery/migrations/0001_squashed_0002.py": """
class Migration(migrations.Migration):
    replaces = [("bakery", "0001_initial"), ("bakery", "0002_drop")]
    operations = [
        migrations.CreateModel("Bread", [("id", models.BigAutoField(primary_key=True))]),
        migrations.RunSQL("DROP VIEW x"),
    ]
""",
    "bakery/migrations/0003_size.py": after(
        "0001_squashed_0002", 'migrations.AddField("bread", "size", models.IntegerField(default=1))'
    ),
}


def test_squashed_migrations_and_those_they_replace_are_both_linted_with_their_states(installed):
    installed(SQUASHED, "bakery")

    report = check_migrations(["bakery"])

    assert sorted(found("bakery")) == [
        ("RM102", "0001_squashed_0002", "2"),
        ("RM105", "0002_drop", "1"),
        ("RM202", "0003_size", "1"),
    ]
    assert {each.name: len(each.operations) for each in report.migrations} == {
        "0001_squashed_0002": 2, "0003_size": 1, "0001_initial": 1, "0002_drop": 1,
    }  # fmt: skip


class TestWhichApps:
    def test_those_of_the_project_are_chosen_by_default(self, installed, settings):
        folder = installed({"bakery/migrations/0001_initial.py": INITIAL}, "bakery")
        settings.BASE_DIR = folder

        chosen = {subject.app_label for subject in loaded_project().migrations.values() if subject.is_wanted}

        assert chosen == {"bakery"}

    def test_installed_packages_are_left_out_unless_named_or_all_are_asked_for(self, settings):
        project = loaded_project()
        named, everything = loaded_project(["auth"]), loaded_project(all_apps=True)

        assert not project.migrations["auth", "0001_initial"].is_wanted
        assert {key[0] for key, each in named.migrations.items() if each.is_wanted} == {"auth"}
        assert everything.migrations.keys() >= set(MigrationLoader(None).disk_migrations)
        assert all(each.is_wanted for each in everything.migrations.values())

    def test_an_app_that_there_is_not_is_refused(self):
        with pytest.raises(CannotLint, match="nowhere: is no installed app"):
            loaded_project(["nowhere"])


def test_no_database_is_asked(installed):
    installed({"bakery/migrations/0001_initial.py": INITIAL}, "bakery")

    assert (
        check_migrations(["bakery", "auth", "reversible_migrations"]).count("error") == 0
    )  # pytest-django refuses access
