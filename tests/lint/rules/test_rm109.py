"""``irreversible`` without a reason."""

import pytest

from tests.lint.reading import flagged, silent

STATED = """
class Migration({base}):
    dependencies = [("shop", "0001_initial")]
    irreversible = {given}
    operations = [migrations.RunPython(look)]
"""


def stated(given, base="ReversibleMigration"):
    return STATED.format(given=given, base=base)


@pytest.mark.parametrize("given", ['""', "True", '"todo"', '"TODO: say why"', '"n/a"', '"no way"', '"..."'])
def test_it_says_nothing(given):
    finding = flagged("RM109", stated(given))

    assert finding.message.endswith("does not say why this migration cannot be undone.")
    assert finding.line == 8


@pytest.mark.parametrize("given", ['"the old names are wrong"', '"元の値は誤りです"', "False", "_('x')"])
def test_it_says_something_or_is_not_known(given):
    silent("RM109", stated(given))


def test_nothing_is_stated():
    silent("RM109", 'ops.UpdateRows("Product", {"name": ""})')


def test_another_base_class_has_no_such_attribute():
    silent("RM109", stated('""', base="migrations.Migration"))
