"""The fixture ``mended``: what ``--fix`` makes of a migration that a test writes down."""

import re
import runpy
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest
from django.db import connections

from reversible_migrations.lint.fixing import planned_fixes, write
from reversible_migrations.lint.linter import lint
from reversible_migrations.lint.options import Options
from reversible_migrations.lint.registry import own_rules
from reversible_migrations.lint.source_project import source_projects
from tests.lint.reading import INITIAL

# Their fixes put an operation in place that keeps a record.
ON_LEDGER = ("RM101", "RM105", "RM106")
DEPENDENCIES = 'dependencies = [("shop", "0001_initial")'


def on_ledger(text):
    """Return ``text`` with the dependency that our operations need in an ordinary migration."""
    return text.replace(DEPENDENCIES, f'{DEPENDENCIES}, ("reversible_migrations", "0001_initial")')


@dataclass
class Shop:
    """The app ``shop``, of which one migration is mended by one rule."""

    path: Path
    code: str

    def plan(self):
        rules = tuple(rule for rule in own_rules() if rule.code == self.code)
        (project,) = source_projects([self.path])
        return planned_fixes([project], lint(project, Options(rules)).findings)

    def text(self):
        return self.path.read_bytes().decode()

    def mend(self, text):
        """Return the text of the migration after ``--fix``, and why something was left."""
        self.path.write_bytes(text.encode())
        fixes = self.plan()
        for rewrite in fixes.rewrites:
            write(rewrite)
        again = self.plan()
        assert again.rewrites == [], "a second time changes nothing"
        assert [why for _, why in again.left] == [why for _, why in fixes.left], "what was mended is found no more"
        if not re.search(r"from (shop|\.)", self.text()):
            assert runpy.run_path(str(self.path))["Migration"]("0002_x", "shop").operations
        return self.text(), [why for _, why in fixes.left]


@pytest.fixture
def shop(tmp_path, request):
    """Return the app; a test module says with ``CODE`` whose findings are mended."""
    code = request.module.CODE
    if code not in {rule.code for rule in own_rules()}:
        pytest.skip(f"There is no rule {code} yet.")
    folder = tmp_path / "shop" / "migrations"
    folder.mkdir(parents=True)
    (folder / "0001_initial.py").write_text(INITIAL)
    return Shop(folder / "0002_x.py", code)


@pytest.fixture
def mended(shop, request):
    """Return a function that checks what becomes of a text: all that was found is mended, and the file loads."""

    def check(before, after):
        text, left = shop.mend(before)
        assert left == []
        assert text == (on_ledger(after) if request.module.CODE in ON_LEDGER else after)

    return check


@pytest.fixture
def left(shop):
    """Return a function that checks why a text is left as it is."""

    def check(before, why):
        text, left = shop.mend(before)
        assert text == before
        assert len(left) == 1
        assert why in left[0]

    return check


@pytest.fixture
def on_database(monkeypatch):
    """Return a function that makes the project's databases those of a backend of Django, as far as fixes ask."""

    def choose(backend):
        editor = import_module(f"django.db.backends.{backend}.schema").DatabaseSchemaEditor
        for alias in connections:
            monkeypatch.setattr(connections[alias], "SchemaEditorClass", editor)

    return choose
