"""The comparison with other linters names rules that there are, here and there."""

import re

import pytest

from benchmarks.peer_rules import REASONS, SAME, reason_of
from reversible_migrations.lint.registry import own_rules
from tests.docs.pages import DOCS, Page

PEERS = Page(DOCS / "reference/rules/peers.md").text
FOUND = {"rule": "ALTER_COLUMN", "is_new_table": False, "is_rewriting": True, "made": [], "kind": "", "text": ""}


def test_what_is_the_same_here_are_rules_of_ours():
    named = {code for codes in SAME.values() for code in codes}

    assert named <= {rule.code for rule in own_rules()}


@pytest.mark.parametrize(("peer", "rule"), SAME)
def test_a_rule_of_a_peer_has_its_row(peer, rule):
    (part,) = (part for part in re.split(r"^## ", PEERS, flags=re.MULTILINE) if part.startswith(peer))

    assert rule in part


def test_a_finding_that_nothing_explains_has_no_reason():
    assert reason_of(FOUND) is None
    assert "only notes the longer type" in reason_of({**FOUND, "is_rewriting": False})
    assert len({reason.why for reason in REASONS}) == len(REASONS)
