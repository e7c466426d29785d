"""A migration that depends on a later phase of another one of its release."""

from reversible_migrations.lint.linter import lint
from reversible_migrations.lint.options import Options
from reversible_migrations.lint.registry import own_rules
from reversible_migrations.lint.source_project import text_project
from tests.lint.reading import INITIAL, flagged, migration, silent

ADDED = 'migrations.AddField("Product", "{name}", models.IntegerField(null=True))'
PHASED = """
class Migration(ZeroDowntimeMigration):
    dependencies = [("shop", "{parent}")]
    prepare = [migrations.AddField("Product", "size", models.IntegerField(null=True))]
    cleanup = [{cleanup}]
"""
REMOVED = 'migrations.RemoveField("Product", "price")'
WITH_CLEANUP = PHASED.format(parent="0001_initial", cleanup=REMOVED)


def ordinary(operation, parent):
    return f"""
class Migration(SchemaMigration):
    dependencies = [("shop", "{parent}")]
    operations = [{operation}]
"""


def test_it_waits_for_the_last_phase_of_the_other():
    finding = flagged("RM405", WITH_CLEANUP, ordinary(ADDED.format(name="code"), "0002_x"))

    assert finding.message == (
        "It is due in prepare and depends on shop.0002_x, which is done after cleanup only: "
        "`migrate_phased --phase prepare` leaves it waiting."
    )
    assert finding.hint == "Move `cleanup` of shop.0002_x into a migration of its own that depends on shop.0003_x."
    assert finding.migration == "0003_x"


def test_ordinary_migrations_in_the_wrong_order(settings):
    settings.REVERSIBLE_MIGRATIONS = {"REQUIRE_PHASED": True}

    finding = flagged("RM405", ordinary(REMOVED, "0001_initial"), ordinary(ADDED.format(name="code"), "0002_x"))

    assert finding.hint == (
        "Let shop.0002_x depend on shop.0003_x, and shop.0003_x on what shop.0002_x depends on now."
    )


def test_the_same_and_later_phases_wait_for_nothing():
    silent("RM405", WITH_CLEANUP, ordinary('migrations.RemoveField("Product", "name")', "0002_x"))
    silent("RM405", WITH_CLEANUP, ordinary('migrations.AlterModelOptions("Product", {})', "0002_x"))


def test_one_that_does_not_depend_on_it():
    silent("RM405", WITH_CLEANUP, ordinary(ADDED.format(name="code"), "0001_initial"))


def test_a_project_without_phases():
    silent("RM405", ordinary(REMOVED, "0001_initial"), ordinary(ADDED.format(name="code"), "0002_x"))


def test_another_release_has_done_it():
    texts = {"shop.0001_initial": INITIAL, "shop.0002_x": migration(WITH_CLEANUP)}
    added = ordinary(ADDED.format(name="code"), "0002_x")
    project = text_project({**texts, "shop.0003_x": migration(added)})

    project.migrations["shop", "0003_x"].is_new = True

    report = lint(project, Options(rules=own_rules()))
    assert [finding for finding in report.findings if finding.code == "RM405"] == []
