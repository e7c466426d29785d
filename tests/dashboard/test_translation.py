"""Every text of the page is there in Japanese, and the compiled catalogue is the written one."""

import ast
import gettext
import re
from pathlib import Path

import pytest

import reversible_migrations

PACKAGE = Path(reversible_migrations.__file__).parent
CATALOGUE = PACKAGE / "locale" / "ja" / "LC_MESSAGES"
ENTRY = re.compile(r'^msgid ((?:".*"\n)+)msgstr ((?:".*"\n?)+)', re.MULTILINE)
IN_TEMPLATES = re.compile(r"""{% translate (?:"([^"]+)"|'([^']+)')""")
IN_CODE = ("_", "gettext", "gettext_lazy")


def written():
    """Return the Japanese texts by the English ones."""
    entries = ENTRY.findall((CATALOGUE / "django.po").read_text())
    return {joined(key): joined(text) for key, text in entries if joined(key)}


def joined(literals):
    return "".join(ast.literal_eval(line) for line in literals.splitlines())


def texts_of(path):
    text = path.read_text()
    if path.suffix == ".html":
        return {double or single for double, single in IN_TEMPLATES.findall(text)}
    calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call) and node.args)
    named = (call for call in calls if isinstance(call.func, ast.Name) and call.func.id in IN_CODE)
    return {call.args[0].value for call in named if isinstance(call.args[0], ast.Constant)}


SOURCES = [*PACKAGE.glob("templates/**/*.html"), *PACKAGE.glob("dashboard/*.py")]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_every_text_is_translated(path):
    assert texts_of(path) <= written().keys()
    assert all(written().values())


def test_the_compiled_catalogue_is_the_written_one():
    with (CATALOGUE / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    assert {key: compiled.gettext(key) for key in written()} == written()


@pytest.mark.parametrize("gaps", [r"{(\w+)}", r"%\((\w+)\)s"])
def test_a_translation_has_the_gaps_of_its_text(gaps):
    for text, translation in written().items():
        assert sorted(re.findall(gaps, text)) == sorted(re.findall(gaps, translation))
