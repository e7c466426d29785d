"""Files and folders that are read without importing them, and where things stand in them."""

import pytest

from reversible_migrations.exceptions import CannotLint
from reversible_migrations.lint.checking import check_migrations
from reversible_migrations.lint.source import Source
from reversible_migrations.lint.source_project import source_projects, text_project
from tests.lint.reading import INITIAL, migration, report_of

SECOND = """
class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RemoveField("Product", "price")]
"""
SHOP = {"shop/migrations/0001_initial.py": INITIAL, "shop/migrations/0002_x.py": SECOND}


def found(*paths, **options):
    """Return what is found, of the rules that these tests are about."""
    findings = check_migrations(sources=map(str, paths), **options).findings
    return [(each.code, each.app, each.migration) for each in findings if each.code in ("RM001", "RM105")]


class TestWhatIsRead:
    def test_a_folder_is_searched(self, written):
        assert found(written(SHOP)) == [("RM105", "shop", "0002_x")]

    def test_a_file_has_the_state_of_those_before_it(self, written):
        folder = written({**SHOP, "shop/migrations/0003_y.py": SECOND.replace("0001_initial", "0002_x")})

        assert found(folder / "shop/migrations/0002_x.py") == [("RM105", "shop", "0002_x")]

    def test_an_app_has_the_label_that_it_gives_itself(self, written):
        config = "from django.apps import AppConfig\nclass Shop(AppConfig):\n    label = 'my_shop'\n"
        second = SECOND.replace('("shop"', '("my_shop"')
        folder = written({**SHOP, "shop/migrations/0002_x.py": second, "shop/apps.py": config})

        assert found(folder) == [("RM105", "my_shop", "0002_x")]

    def test_other_modules_in_a_folder_of_that_name_are_none(self, written):
        assert found(written({"shop/migrations/helpers.py": "x = 1", "shop/migrations/_private.py": "x = 1"})) == []

    def test_installed_packages_are_none_of_it(self, written):
        assert found(written({f"site-packages/{name}": text for name, text in SHOP.items()})) == []

    def test_text_that_is_no_python_is_a_finding(self, written):
        folder = written({"shop/migrations/0001_initial.py": "class Migration("})
        (folder / "shop/migrations/0002_bytes.py").write_bytes(b"# -*- coding: utf-8 -*-\n\xff\xfe")

        assert found(folder) == [("RM001", "shop", "0001_initial"), ("RM001", "shop", "0002_bytes")]

    @pytest.mark.parametrize(
        "text", ["Migration = make()", "Migration = type('Migration', (), {})", "from .making import Migration"]
    )
    def test_a_class_that_code_makes_is_said_to_be_so(self, written, text):
        folder = written({**SHOP, "shop/migrations/0003_y.py": ""})
        (folder / "shop/migrations/0003_y.py").write_text(text)

        codes = {each.code for each in check_migrations(sources=[str(folder)], rules=["RM105"]).findings}

        assert codes == {"RM105", "RM007"}

    def test_a_class_behind_an_if_is_read(self, written):
        text = f"if True:\n    {SECOND.strip().replace(chr(10), chr(10) + '    ')}"
        folder = written({**SHOP, "shop/migrations/0002_x.py": ""})
        (folder / "shop/migrations/0002_x.py").write_text(f"from django.db import migrations\n{text}\n")

        assert found(folder) == [("RM105", "shop", "0002_x")]

    def test_a_migration_of_another_app_may_be_anywhere(self, written):
        text = SECOND.replace('("shop", "0001_initial")', '("shop", "0001_initial"), ("auth", "0001_initial")')

        assert found(written({**SHOP, "shop/migrations/0002_x.py": text})) == [("RM105", "shop", "0002_x")]

    def test_apps_with_one_label_are_of_different_projects(self, written):
        other = SECOND.replace('"price"', '"name"')
        folder = written({f"east/{name}": text for name, text in SHOP.items()})
        written({f"west/{name}": text for name, text in {**SHOP, "shop/migrations/0002_x.py": other}.items()})
        written({"west/bakery/migrations/0001_initial.py": INITIAL})

        findings = check_migrations(sources=[str(folder)], rules=["RM105"]).findings

        assert [(each.path, "shop_product loses the values of" in each.message) for each in findings] == [
            (str(folder / f"{side}/shop/migrations/0002_x.py"), True) for side in ("east", "west")
        ]

    def test_what_lies_near_to_apps_with_one_label_goes_with_them(self, written):
        folder = written({f"{path}/migrations/0001_initial.py": INITIAL for path in ("a/shop", "b/shop", "b/bakery")})

        projects = source_projects([folder])

        assert [sorted(label for label, _ in each.migrations) for each in projects] == [["shop"], ["bakery", "shop"]]

    def test_a_path_that_is_not_there_is_refused(self, tmp_path):
        with pytest.raises(CannotLint, match="is not there"):
            source_projects([tmp_path / "nothing"])

    def test_apps_and_files_at_once_are_refused(self, tmp_path):
        with pytest.raises(CannotLint, match="names files beside apps"):
            check_migrations(["auth"], sources=[str(tmp_path)])


class TestLines:
    def lines(self, text):
        """Return the source lines on which the operations of a migration stand."""
        (subject,) = (each for each in report_of(text).migrations if each.name == "0002_x")
        lines = migration(text).splitlines()
        return [(each.path, lines[each.line - 1].strip()) for each in subject.operations]

    def test_of_each_operation_and_of_those_inside(self):
        text = """
        migrations.RunSQL("1"),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RunSQL("2"),
            ],
            database_operations=[
                migrations.RunSQL("3"),
            ],
        ),
        """

        assert self.lines(text) == [
            ("1", 'migrations.RunSQL("1"),'),
            ("2", "migrations.SeparateDatabaseAndState("),
            ("2.1", 'migrations.RunSQL("3"),'),
            ("2.2", 'migrations.RunSQL("2"),'),
        ]

    def test_of_the_lists_and_methods_of_phases(self):
        text = """
        class Migration(ZeroDowntimeMigration):
            dependencies = [("shop", "0001_initial")]
            cleanup = [
                migrations.RunSQL("3"),
            ]
            prepare = [
                migrations.RunSQL("1"),
            ]

            def migrate_data(self, apps, patch): ...
        """

        assert [line for _, line in self.lines(text)] == [
            'migrations.RunSQL("1"),', "def migrate_data(self, apps, patch): ...", 'migrations.RunSQL("3"),',
        ]  # fmt: skip

    def test_of_a_list_that_has_a_name(self):
        text = """
        OPERATIONS = [
            migrations.RunSQL("1"),
        ]

        class Migration(migrations.Migration):
            operations = OPERATIONS
        """

        assert self.lines(text) == [("1", 'migrations.RunSQL("1"),')]

    def test_of_a_list_behind_a_condition_that_may_be_another_where_it_is_run(self):
        text = """
        class Migration(migrations.Migration):
            operations = [migrations.RunSQL("1")]
            if project.IS_LARGE:
                operations = [migrations.RunSQL("2")]
        """

        assert self.lines(text) == [("1", "class Migration(migrations.Migration):")]

    def test_of_a_list_that_is_made_by_code(self):
        text = """
        class Migration(migrations.Migration):
            operations = list((migrations.RunSQL("1"),))
        """

        assert self.lines(text) == [("1", "class Migration(migrations.Migration):")]


def test_comments_are_known_as_far_as_the_text_can_be_cut_into_words():
    assert Source("x", "a = '# no'  # yes\n").comments == {1: "# yes"}
    assert Source("x", "# yes\na = '''").comments == {1: "# yes"}


def test_the_state_is_that_of_the_database_side_inside_and_of_the_state_side_behind():
    renamed = 'migrations.RenameField("Product", "name", "title")'
    text = f"""
    migrations.SeparateDatabaseAndState(
        [migrations.RemoveField("Product", "price"), migrations.AlterField("Product", "price", models.TextField())],
        [{renamed}],
    ),
    migrations.RemoveField("Product", "title"),
    """
    project = text_project({"shop.0001_initial": INITIAL, "shop.0002_x": migration(text)})

    from reversible_migrations.lint.walk import walk

    fields = {each.path: each.old_field for each in walk(project) if hasattr(each, "old_field")}

    assert fields["1.1"] is not None
    assert fields["1.2"] is None  # removed just before
    assert fields["2"].max_length == 100
