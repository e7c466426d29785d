"""The wheel holds every file of the package and installs into an empty environment."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).parent.parent
PACKAGE = "reversible_migrations"
LEFT_OUT = ("__pycache__", "*.pyc")

pytestmark = [
    pytest.mark.skipif(
        "sqlite" not in settings.DATABASES["default"]["ENGINE"],
        reason="the wheel is the same for every database; it is built in the tests on SQLite",
    ),
    pytest.mark.xdist_group("wheel"),
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy: setuptools leaves its files in the folder it builds from."""
    source = tmp_path_factory.mktemp("source")
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / PACKAGE, source / PACKAGE, ignore=shutil.ignore_patterns(*LEFT_OUT))
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", source / "dist", source)
    (built,) = (source / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The Python of a new environment in which only the wheel was installed."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", wheel)
    return python


def test_the_wheel_holds_every_file_of_the_package(wheel):
    in_source = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / PACKAGE).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }

    in_wheel = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    assert in_wheel == in_source
    assert f"{PACKAGE}/py.typed" in in_wheel
    assert any(name.startswith(f"{PACKAGE}/migrations/0001") for name in in_wheel)
    assert any(name.startswith(f"{PACKAGE}/management/commands/") for name in in_wheel)


def test_the_wheel_requires_django_and_psutil_only(wheel):
    metadata = read_metadata(wheel)

    required = {line for line in metadata if line.startswith("Requires-Dist:") and "extra ==" not in line}

    assert required == {"Requires-Dist: Django>=5.2", "Requires-Dist: psutil>=5.9"}
    assert "License-Expression: MIT" in metadata


def test_it_imports_where_nothing_but_its_requirements_is_installed(installed, tmp_path):
    run(installed, "-W", "error", "-c", f"import {PACKAGE}", cwd=tmp_path)


def test_a_new_project_migrates_with_it(installed, tmp_path):
    run(installed, "-m", "django", "startproject", "shop", tmp_path)
    with (tmp_path / "shop" / "settings.py").open("a") as written:
        written.write(f'INSTALLED_APPS.append("{PACKAGE}")\n')

    run(installed, "manage.py", "check", "--fail-level=WARNING", cwd=tmp_path)
    run(installed, "manage.py", "migrate", cwd=tmp_path)

    shown = run(installed, "manage.py", "showmigrations", PACKAGE, cwd=tmp_path)
    assert "[X] 0001" in shown
    assert "[ ]" not in shown


def run(*command, cwd=None):
    """Return what the command printed; fail with all of it if it fails."""
    # The environment of the tests names our settings and may put the repository on the path.
    ours = ("DJANGO_SETTINGS_MODULE", "PYTHONPATH")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    finished = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout
    return finished.stdout


def read_metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return archive.read(name).decode().splitlines()
