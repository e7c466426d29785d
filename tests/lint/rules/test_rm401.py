"""An operation that comes before its phase."""

import pytest

from tests.lint.reading import flagged, silent

IN_PHASE = """
class Migration(ZeroDowntimeMigration):
    dependencies = [("shop", "0001_initial")]
    {phase} = [{operation}]
"""
REMOVED = 'migrations.RemoveField("Product", "price")'
LONGER = 'migrations.AlterField("Product", "name", models.CharField(max_length=200))'
SHORTER = 'migrations.AlterField("Product", "name", models.CharField(max_length=20))'


def in_phase(phase, operation):
    return IN_PHASE.format(phase=phase, operation=operation)


def test_it_says_the_harm_and_the_phase():
    finding = flagged("RM401", in_phase("prepare", REMOVED))

    assert finding.message == (
        "Retire field price of Product stands in prepare: it takes away what the code that runs now still uses."
    )
    assert finding.hint == "Move it to `cleanup`."


@pytest.mark.parametrize(
    ("phase", "operation", "due"),
    [
        ("switch", REMOVED, "cleanup"),
        ("prepare", SHORTER, "switch"),
        ("switch", 'migrations.RunSQL("DROP INDEX a", "")', "cleanup"),
        ("migrate_data", SHORTER, "switch"),
        ("prepare", 'ops.UpdateRows("Product", {"name": ""})', "migrate_data"),
        ("prepare", 'migrations.SeparateDatabaseAndState([migrations.RemoveField("Product", "price")])', "cleanup"),
    ],
)
def test_what_comes_too_early(phase, operation, due):
    assert flagged("RM401", in_phase(phase, operation)).hint == f"Move it to `{due}`."


@pytest.mark.parametrize(
    ("phase", "operation"),
    [
        ("cleanup", REMOVED),
        ("prepare", LONGER),
        ("switch", LONGER),  # later than it might be
        ("switch", SHORTER),
        ("migrate_data", 'ops.UpdateRows("Product", {"name": ""})'),
    ],
)
def test_what_is_in_its_place(phase, operation):
    silent("RM401", in_phase(phase, operation))


def test_a_method_may_do_anything():
    silent(
        "RM401",
        """
        class Migration(ZeroDowntimeMigration):
            dependencies = [("shop", "0001_initial")]

            def prepare(self, apps, patch):
                patch.update(apps.get_model("shop", "Product").objects.all(), name="")
        """,
    )


def test_an_ordinary_migration_has_no_phases():
    silent("RM401", REMOVED)
