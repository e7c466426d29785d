"""Fixtures: apps that a test writes down, importable and in ``INSTALLED_APPS``; a project with several databases."""

import importlib
import sys

import pytest
from django.db import connections

from tests.lint.reading import migration


@pytest.fixture
def written(tmp_path):
    """Return a function that writes files below a folder of the test, with ``__init__.py`` files, and returns it."""

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            for folder in (path.parent, *path.parent.parents):
                if folder == tmp_path:
                    break
                (folder / "__init__.py").touch()
            path.write_text(migration(text) if "migrations/0" in name else text)
        return tmp_path

    return write


@pytest.fixture
def installed(written, settings, monkeypatch):
    """Return a function that writes files, and installs the apps in them; ``path`` is put on the path of imports."""

    def install(files, *apps, path=None):
        folder = written(files)
        monkeypatch.syspath_prepend(str(path or folder))
        importlib.invalidate_caches()
        settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, *apps]
        return folder

    before = set(sys.modules)
    yield install
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__spec__", None) and name.partition(".")[0] in ("bakery", "mill"):
            del sys.modules[name]


@pytest.fixture
def several_databases(monkeypatch):
    monkeypatch.setitem(connections.settings, "archive", connections.settings["default"])
