"""The files that the page about CI gives: what they call is there, with the options that they give."""

import re
import shlex

import pytest

from reversible_migrations.management.commands.check_reversibility import Command
from tests.docs.pages import DOCS, ROOT, Page

PAGE = Page(DOCS / "how-to/lint-in-ci.md")
CALLS = re.findall(r"python manage.py check_reversibility (.+)$", PAGE.text, re.MULTILINE)


@pytest.mark.parametrize("call", CALLS)
def test_every_call_has_options_that_there_are(call):
    parser = Command().create_parser("manage.py", "check_reversibility")

    given = parser.parse_args(shlex.split(call.partition(" > ")[0]))

    assert given.apps == []


def test_the_page_calls_it_in_every_system():
    assert len(CALLS) == 4


def test_the_hook_is_the_one_that_there_is():
    named = re.findall(r"- id: (\S+)", PAGE.text)

    assert named == re.findall(r"^- id: (\S+)", (ROOT / ".pre-commit-hooks.yaml").read_text(), re.MULTILINE)


@pytest.mark.parametrize("block", [each for each in PAGE.blocks if each.language == "yaml"], ids=lambda each: each.name)
def test_files_are_valid(block):
    yaml = pytest.importorskip("yaml", reason="NOT RUN: PyYAML of requirements.txt is not installed")

    assert yaml.safe_load(block.text)
