"""Any other operation that says of itself that it cannot be undone."""

from tests.lint.reading import flagged, silent

OWN = """
from django.db.migrations.operations.base import Operation

class Rebuild(Operation):
    reversible = {reversible}

    def state_forwards(self, app_label, state):
        pass

    def describe(self):
        return "Rebuild"

class Migration({base}):
    {attribute}
    dependencies = [("shop", "0001_initial")]
    operations = [{operation}]
"""
CONTROLLED = """
from reversible_migrations import LoadControlledMigration

class Migration(LoadControlledMigration):
    dependencies = [("shop", "0001_initial")]

    def forwards(self, apps, batches):
        batches.process(apps.get_model("shop", "Product").objects.all(), print)
"""


def own(reversible, base="migrations.Migration", attribute="", operation="Rebuild()"):
    return OWN.format(reversible=reversible, base=base, attribute=attribute, operation=operation)


def test_an_operation_of_the_projects_own():
    finding = flagged("RM111", own(False))

    assert finding.message.endswith("Rebuild has no reverse, so this migration cannot be undone.")
    assert finding.hint == "Write database_backwards() of Rebuild, and let reversible be True."


def test_one_that_is_nested_is_found_where_django_does_not_look():
    nested = flagged("RM111", own(False, operation="migrations.SeparateDatabaseAndState([Rebuild()])"))

    assert "only in the middle of the way back" in nested.message


def test_one_that_can_be_undone():
    silent("RM111", own(True))


def test_what_other_rules_tell():
    silent("RM111", "migrations.RunPython(fill), migrations.RunSQL('SELECT 1')")


def test_a_reason_in_our_base_class_is_enough():
    silent("RM111", own(False, "ReversibleMigration", 'irreversible = "the old index cannot be read"'))


def test_forwards_without_backwards():
    assert "has forwards() and no backwards()" in flagged("RM111", CONTROLLED).message
    silent("RM111", CONTROLLED + "\n    def backwards(self, apps, batches):\n        pass\n")
