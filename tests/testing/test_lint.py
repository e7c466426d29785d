"""What projects test their own rules with."""

import pytest

from reversible_migrations.lint.registry import MigrationRule
from reversible_migrations.states import Level
from reversible_migrations.testing.lint import findings
from tests.lint.reading import INITIAL, migration


class Empty(MigrationRule):
    code, name, level = "SHOP1", "empty", Level.INFO

    def check(self, subject):
        if not subject.operations:
            yield self.finding(subject, "It does nothing.")


class Failing(MigrationRule):
    code, name, level = "SHOP2", "failing", Level.INFO

    def check(self, subject):
        raise KeyError(subject.name)


NOTHING = migration("class Migration(migrations.Migration):\n    pass")


def test_the_rule_alone_is_asked():
    irreversible = migration('migrations.RunSQL("DROP VIEW a")')

    found = findings(Empty, {"shop.0001_initial": INITIAL, "shop.0002_x": irreversible, "shop.0003_y": NOTHING})

    assert [(each.code, each.where, each.message) for each in found] == [("SHOP1", "shop.0003_y", "It does nothing.")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("class", "shop.0001_x: shop/migrations/0001_x.py: it is not valid Python"),
        (
            migration('migrations.RemoveField("Box", "size")').replace("0001_initial", "0001_x"),
            "does not fit the state",
        ),
    ],
)
def test_what_cannot_be_read_fails(text, said):
    with pytest.raises(AssertionError, match=said):
        findings(Empty, {"shop.0001_x": text})


def test_a_rule_that_fails_does_not_pass():
    with pytest.raises(AssertionError, match="Rule SHOP2 failed here"):
        findings(Failing, {"shop.0001_x": NOTHING})
