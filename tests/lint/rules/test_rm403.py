"""A migration that belongs to several phases, in a project that has phases."""

import pytest

from reversible_migrations.lint.linter import lint
from reversible_migrations.lint.options import Options
from reversible_migrations.lint.registry import own_rules
from reversible_migrations.lint.source_project import text_project
from tests.lint.reading import INITIAL, flagged, migration, silent

PHASED = """
class Migration(ZeroDowntimeMigration):
    dependencies = [("shop", "0001_initial")]
    prepare = [migrations.AddField("Product", "size", models.IntegerField(null=True))]
"""
ADDED = 'migrations.AddField("Product", "code", models.IntegerField(null=True))'
REMOVED = 'migrations.RemoveField("Product", "price")'
UNIQUE = 'migrations.AlterField("Product", "name", models.CharField(max_length=100, unique=True))'
FILLED = "migrations.RunPython(fill, fill)"


def operations(*given):
    return "\n".join(f"{each}," for each in given)


def test_it_says_how_to_split():
    finding = flagged("RM403", PHASED, operations(ADDED, FILLED, REMOVED, FILLED))

    assert finding.message == (
        "`migrate_phased` refuses to run it: its operations belong to several phases: "
        "operation 1 (Add field code to Product) to prepare, operation 2 (Raw Python operation) to migrate_data, "
        "operation 3 (Remove field price from Product) to cleanup."
    )
    assert finding.hint == (
        "Make it a ZeroDowntimeMigration: prepare = [operation 1], migrate_data = [operations 2 and 4], "
        "cleanup = [operation 3]; or one migration for each of these, in this order."
    )
    assert finding.line == flagged("RM403", PHASED, operations(ADDED, REMOVED)).line


def test_sql_that_may_belong_to_any_phase():
    finding = flagged("RM403", PHASED, 'migrations.RunSQL("LOCK TABLE shop_product", "")')

    assert "operation 1 (Raw SQL operation) may belong to any phase" in finding.message
    assert 'PHASES = {"shop.0003_x": "..."}' in finding.hint


def test_a_phase_that_there_is_not():
    text = """
class Migration(ReversibleMigration):
    dependencies = [("shop", "0001_initial")]
    phase = "swich"
    operations = [migrations.RemoveField("Product", "price")]
"""

    assert "it has the phase 'swich', which there is not." in flagged("RM403", PHASED, text).message


@pytest.mark.parametrize("setting", [{"REQUIRE_PHASED": True}, {"PHASES": {"other": "prepare"}}])
def test_settings_say_that_there_are_phases(setting, settings):
    settings.REVERSIBLE_MIGRATIONS = setting

    flagged("RM403", operations(ADDED, REMOVED))


@pytest.mark.parametrize(
    "given",
    [
        (ADDED,),
        (REMOVED,),
        (FILLED, FILLED),
        (ADDED, 'migrations.AlterModelOptions("Product", {"verbose_name": "goods"})'),
        (REMOVED, 'migrations.AlterField("Product", "name", models.CharField(max_length=100, help_text="its name"))'),
        ('migrations.CreateModel("Box", [("id", models.BigAutoField(primary_key=True))])', ADDED),
        (f"migrations.SeparateDatabaseAndState([{ADDED}], [{REMOVED}])",),
    ],
)
def test_what_has_one_phase(given):
    silent("RM403", PHASED, operations(*given))


def test_operations_inside_others_count():
    flagged("RM403", PHASED, operations(f"migrations.SeparateDatabaseAndState([{ADDED}], [{ADDED}])", UNIQUE))


def test_one_that_says_its_phase():
    silent(
        "RM403",
        """
class Migration(ReversibleMigration):
    dependencies = [("shop", "0001_initial")]
    phase = "switch"
    operations = [
        migrations.AddField("Product", "code", models.IntegerField(null=True)),
        migrations.RemoveField("Product", "price"),
    ]
""",
    )


def test_a_project_without_phases():
    silent("RM403", operations(ADDED, REMOVED))


class TestOldMigrations:
    def codes(self, *texts):
        named = {f"shop.{number:04}_x": migration(text) for number, text in enumerate(texts, start=2)}
        report = lint(text_project({"shop.0001_initial": INITIAL, **named}), Options(rules=own_rules()))
        return [(each.code, each.migration) for each in report.findings if each.code == "RM403"]

    def test_what_was_there_before_the_phases_is_left_alone(self):
        assert self.codes(operations(ADDED, REMOVED), PHASED.replace("0001_initial", "0002_x")) == []

    def test_so_is_what_has_nothing_to_do_with_them(self):
        assert self.codes(PHASED, operations(ADDED, REMOVED)) == []

    def test_what_depends_on_phases_is_told(self):
        text = f"""
class Migration(migrations.Migration):
    dependencies = [("shop", "0002_x")]
    operations = [{ADDED}, {REMOVED}]
"""

        assert self.codes(PHASED, text) == [("RM403", "0003_x")]
