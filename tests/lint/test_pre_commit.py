"""The hook, run by pre-commit in a repository of its own: nothing is asked of the network."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.lint.reading import INITIAL, migration

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("pre_commit") is None,
        reason="NOT RUN: pre-commit of requirements.txt is not installed, so nobody has run the hook",
    ),
    pytest.mark.xdist_group("wheel"),
]
PARTS = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
CONFIGURATION = """
repos:
  - repo: {hooks}
    rev: {revision}
    hooks:
      - id: check-reversibility
        args: [--fail-on, warning, --rule, RM105]
"""


@pytest.fixture(scope="module")
def hooks(tmp_path_factory):
    """A repository with the package and its hook, and its revision."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in PARTS:
        shutil.copy(ROOT / name, folder)
    shutil.copytree(
        ROOT / "reversible_migrations", folder / "reversible_migrations", ignore=shutil.ignore_patterns("__pycache__")
    )
    commit(folder)
    return folder, git(folder, "rev-parse", "HEAD").strip()


@pytest.fixture
def shop(hooks, tmp_path, written):
    """A project that has the hook, with two migrations that are added and not committed."""
    written({"shop/migrations/0001_initial.py": INITIAL, "shop/migrations/0002_x.py": "", "shop/views.py": "x = ("})
    folder, revision = hooks
    (tmp_path / ".pre-commit-config.yaml").write_text(CONFIGURATION.format(hooks=folder, revision=revision))
    git(tmp_path, "init", "--quiet")
    return tmp_path


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The folder in which pre-commit keeps the environment of the hook."""
    return tmp_path_factory.mktemp("home")


def git(folder, *arguments):
    person = ["-c", "user.name=A Person", "-c", "user.email=person@example.com"]
    return subprocess.run(["git", *person, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def commit(folder):
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Begin")


def run_hook(folder, home):
    """Run pre-commit. Django and setuptools are those of this environment, the package is the hook's own."""
    git(folder, "add", ".")
    lent = [path for path in sys.path if path and Path(path) != ROOT]
    environment = {
        **os.environ, "PRE_COMMIT_HOME": str(home), "PYTHONPATH": os.pathsep.join(lent),
        "DJANGO_SETTINGS_MODULE": "nothing_like_this", "VIRTUALENV_NO_DOWNLOAD": "1",
        # pip takes "0" for this one as "no", that is: no isolation.
        "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0",
    }  # fmt: skip
    program = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color", "never"]
    return subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True)


def test_what_cannot_be_undone_is_not_committed(shop, home):
    (shop / "shop/migrations/0002_x.py").write_text(migration('migrations.RemoveField("Product", "price")'))

    done = run_hook(shop, home)

    assert done.returncode == 1, done.stdout + done.stderr
    assert "shop/migrations/0002_x.py:" in done.stdout
    assert 'ops.RetireField("product", "price")' in done.stdout
    assert "Found 1 warning in 2 migrations." in done.stdout


def test_what_can_be_undone_is_committed(shop, home):
    (shop / "shop/migrations/0002_x.py").write_text(migration('ops.RetireField("Product", "price")'))

    done = run_hook(shop, home)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed" in done.stdout
