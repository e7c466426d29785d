"""Migrations made from their text, without importing the project."""

import pytest
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

from reversible_migrations import ZeroDowntimeMigration
from reversible_migrations.lint.evaluating import CannotEvaluate, evaluated
from reversible_migrations.lint.source import Source
from tests.lint.reading import migration, report_of


def read(text):
    return evaluated(Source("shop/migrations/0002_x.py", migration(text)), "shop", "0002_x")


def operation(text):
    (found,) = read(text).operations
    return found


def field(text):
    return operation(f'migrations.AddField("Product", "x", {text})').field


def test_operations_of_django_are_the_real_ones():
    made = operation('migrations.AddIndex("Product", models.Index(fields=["name"], name="i"))')

    assert isinstance(made, migrations.AddIndex)
    assert made.index.fields == ["name"]


def test_what_it_says_about_others():
    made = read("""
        class Migration(migrations.Migration):
            atomic = False
            dependencies = [("shop", "0001_initial"), migrations.swappable_dependency("auth.User"), of_us()]
            run_before = [("stock", "0001_initial")]
            replaces = [("shop", "0001_a")]
    """)

    assert not made.atomic
    assert made.dependencies == [("shop", "0001_initial"), ("auth", "__first__")]
    assert (made.run_before, made.replaces) == ([("stock", "0001_initial")], [("shop", "0001_a")])


@pytest.mark.parametrize(
    "operations",
    [
        "[one] + [two]",
        "[*[one, two]]",
        "BOTH",
        "list((one, two))",
        "[one, two] if project.IS_LARGE else []",
    ],
)
def test_lists_that_are_put_together(operations):
    made = read(f"""
        one = migrations.RunSQL("SELECT 1")
        two = migrations.RunSQL("SELECT 2")
        BOTH = [one, two]

        class Migration(migrations.Migration):
            operations = {operations}
    """)

    assert [each.sql for each in made.operations] == ["SELECT 1", "SELECT 2"]


def test_phases_are_those_of_the_real_class():
    made = read("""
        class Migration(ZeroDowntimeMigration):
            prepare = [migrations.RunSQL("SELECT 1")]

            def migrate_data(self, apps, patch):
                patch.update(apps.get_model("shop", "Product").objects.all(), name="")
    """)

    assert isinstance(made, ZeroDowntimeMigration)
    assert [part.phase.label for part in made.parts()] == ["prepare", "migrate_data"]


class TestStandIns:
    def test_a_field_of_the_projects_own_keeps_what_every_field_has(self):
        made = field("money.fields.MoneyField(max_digits=9, null=True, currency=EUR)")

        assert isinstance(made, models.Field)
        assert (made.stands_for, made.null) == ("money.fields.MoneyField", True)

    def test_a_relation_to_a_model_that_is_computed(self):
        made = field("models.ForeignKey(null=True, on_delete=models.CASCADE, to=get_model_name())")

        assert isinstance(made, models.ForeignKey)
        assert made.null

    def test_an_operation_of_the_projects_own(self):
        made = operation("triggers.operations.AddTrigger('x')")

        assert isinstance(made, Operation)
        assert made.describe() == "triggers.operations.AddTrigger"

    def test_an_operation_of_the_same_file_leaves_the_state_as_it_is(self):
        report = report_of("""
            from django.db.migrations.operations.base import Operation

            class Rebuild(Operation):
                def state_forwards(self, app_label, state):
                    pass

            class Migration(migrations.Migration):
                dependencies = [("shop", "0001_initial")]
                operations = [Rebuild("sales")]
        """)

        assert report.findings == []

    def test_an_operation_with_arguments_that_it_does_not_take(self):
        assert operation("migrations.AddField(1, 2, 3, 4, 5, 6)").describe() == "migrations.AddField"

    @pytest.mark.parametrize(
        ("base", "name"), [("migrations.Migration", "operations"), ("ZeroDowntimeMigration", "prepare")]
    )
    def test_a_list_that_is_made_by_code_is_said_not_to_be_read(self, base, name):
        text = f'class Migration({base}):\n    dependencies = [("shop", "0001_initial")]\n    {name} = build()'

        (finding,) = report_of(text).findings

        assert finding.code == "RM007"
        assert "made by code (build)" in finding.message

    def test_behind_an_operation_that_is_not_known_the_state_is_not_trusted(self):
        assert (
            report_of('ours.AddEverything(),\nmigrations.AlterField("Cart", "x", models.TextField()),').findings == []
        )

    def test_a_base_class_of_the_projects_own(self):
        made = read("""
            class Migration(ours.Base):
                operations = [migrations.RunSQL("SELECT 1")]
        """)

        assert isinstance(made, migrations.Migration)
        assert len(made.operations) == 1

    def test_fields_and_bases_of_a_model(self):
        made = operation("""
            migrations.CreateModel(
                "Cart",
                fields=[("id", ours.KeyField(primary_key=True))],
                bases=(ours.Mixin, models.Model),
                managers=[("objects", ours.Manager())],
            )
        """)

        assert made.fields[0][1].primary_key


@pytest.mark.parametrize(
    "written",
    [
        "os.system('touch {path}')",
        "open('{path}', 'w').write('x')",
        "__import__('os').system('touch {path}')",
        "pathlib.Path('{path}').touch()",
        "call_command('dumpdata', output='{path}')",
        "[open('{path}', 'w') for _ in [1]]",
        "(lambda: open('{path}', 'w'))()",
    ],
)
def test_nothing_of_the_file_is_run(written, tmp_path):
    path = tmp_path / "ran"
    head = "import os, pathlib\nfrom django.core.management import call_command\n"

    read(f"{head}\nclass Migration(migrations.Migration):\n    operations = [{written.format(path=path)}]")

    assert not path.exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("class Migration(", "it is not valid Python"),
        ("x = 1", "it has no class Migration"),
        ("class Migration(ZeroDowntimeMigration):\n    operations = [migrations.RunSQL('')]", "PhasesMisused"),
    ],
)
def test_what_no_migration_can_be_made_of(text, why):
    source = Source("x.py", migration(text) if "class Migration" in text else text)

    with pytest.raises(CannotEvaluate, match=why):
        evaluated(source, "shop", "0002_x")


def test_names_that_are_defined_by_themselves_end():
    made = read("A = B\nB = A\nclass Migration(migrations.Migration):\n    operations = [migrations.RunSQL(A)]")

    assert len(made.operations) == 1


def test_operations_inside_another_that_code_makes_are_told():
    made = "migrations.SeparateDatabaseAndState(state_operations=[build(each) for each in range(2)])"

    report = report_of(f"{made},\nmigrations.RunSQL('DROP VIEW a'),")

    assert sorted(finding.code for finding in report.findings) == ["RM007", "RM102"]


def test_names_of_the_class_are_known_in_it():
    made = read("""
        class Migration(migrations.Migration):
            on_database = [migrations.RunSQL("SELECT 1", "")]
            operations = [migrations.SeparateDatabaseAndState(database_operations=on_database)]
    """)

    assert [each.sql for each in made.operations[0].database_operations] == ["SELECT 1"]


@pytest.mark.parametrize(
    "condition",
    [
        'connection.vendor == "postgresql"',
        'connection.vendor in ("mysql", "postgresql")',
        'connection.vendor != "sqlite"',
        '"postgresql" in settings.DATABASES["default"]["ENGINE"]',
        'connection.vendor == "postgresql" and project.IS_LARGE',
        'connection.vendor == "sqlite" or project.IS_LARGE',
        "project.IS_LARGE",
    ],
)
def test_behind_a_condition_stands_what_postgresql_gets(condition):
    made = read(f"""
        class Migration(migrations.Migration):
            if {condition}:
                operations = [migrations.RunSQL("SELECT 1")]
            else:
                operations = [migrations.RunSQL("SELECT 2")]
    """)

    assert [each.sql for each in made.operations] == ["SELECT 1"]


@pytest.mark.parametrize(
    "condition",
    [
        'connection.vendor == "mysql"',
        'connection.vendor == "mysql" and not connection.mysql_is_mariadb',
        'connection.vendor != "postgresql"',
        'connection.vendor not in ["postgresql"]',
    ],
)
def test_what_other_databases_get_is_left_out(condition):
    made = read(f"""
        class Migration(migrations.Migration):
            if {condition}:
                operations = [migrations.RunSQL("SELECT 1")]
            elif connection.vendor == "sqlite":
                operations = [migrations.RunSQL("SELECT 2")]
            else:
                operations = [migrations.RunSQL("SELECT 3")]
    """)

    assert [each.sql for each in made.operations] == ["SELECT 3"]


def test_operations_inside_another_that_code_makes_have_a_stand_in():
    made = read("""
        class Migration(migrations.Migration):
            operations = [migrations.SeparateDatabaseAndState(made(), state_operations=(made(),))]
    """)

    inside = [*made.operations[0].database_operations, *made.operations[0].state_operations]
    assert [each.describe() for each in inside] == ["made", "made"]
