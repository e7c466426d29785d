"""Every rule has its page, and the code on it is flagged, or not, as the page says."""

import re

import pytest

from reversible_migrations.lint.linter_rules import LINTER_RULES
from reversible_migrations.lint.registry import own_rules
from tests.docs.pages import DOCS, ROOT, Page
from tests.lint.reading import flagged, silent

RULES = [*LINTER_RULES, *own_rules()]
PAGES = {rule.code: Page(ROOT / rule.page) for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_page_says_what_the_rule_is(rule):
    text = PAGES[rule.code].text

    assert text.startswith(f"# {rule.code}: {rule.name}\n\nLevel: {rule.level}.\n")
    assert rule.link in text


@pytest.mark.usefixtures("several_databases")
@pytest.mark.parametrize("rule", own_rules(), ids=lambda rule: rule.code)
def test_the_code_on_a_page_is_flagged_as_it_says(rule, written, monkeypatch):
    monkeypatch.chdir(written({"shop/migrations/__init__.py": ""}))
    by_mark = {mark: [each.text for each in PAGES[rule.code].blocks if each.mark == mark] for mark in MARKS}

    for text in by_mark["flagged"]:
        flagged(rule.code, *migrations_in(text, written))
    for text in by_mark["not flagged"]:
        silent(rule.code, *migrations_in(text, written))
    assert all(by_mark.values())


FILE = re.compile(r"^# (?P<path>[\w/]+\.py)\n", re.MULTILINE)


def migrations_in(text, written):
    """Return the migrations of a block, which may name its files; what else is there is written beside them."""
    _, *named = FILE.split(text) if FILE.match(text) else ("", "0002_x.py", text)
    files = dict(zip(named[::2], named[1::2], strict=True))
    written({path: f"from django.db import models\n\n\n{code}" for path, code in files.items() if "/" in path})
    return [code for path, code in files.items() if "/" not in path]


MARKS = ("flagged", "not flagged")


def test_the_index_lists_the_rules():
    listed = re.findall(
        r"^\| \[(RM\d+)\]\((\w+\.md)\) \| ([\w-]+) \| (\w+) \|$", Page(DOCS / "reference/rules/index.md").text, re.M
    )

    assert listed == [(rule.code, f"{rule.code.lower()}.md", rule.name, rule.level) for rule in RULES]


def test_every_rule_has_its_tests():
    tested = {path.stem.removeprefix("test_").upper() for path in (ROOT / "tests/lint/rules").glob("test_rm*.py")}

    assert tested == {rule.code for rule in own_rules()}
