"""Which browser the page is tested in."""

import pytest

from tools.chromium import NoBrowser, installed, provided


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "chromium"
    path.touch(mode=0o755)
    return path


def test_the_browser_is_the_one_on_the_path(program, monkeypatch):
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(program.parent))

    assert installed() == program


def test_a_browser_that_the_environment_names_goes_first(program, monkeypatch):
    monkeypatch.setenv("CHROMIUM", str(program))

    assert provided() == program


def test_no_other_is_taken_or_installed_for_one_that_is_named_and_missing(program, monkeypatch):
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")

    with pytest.raises(NoBrowser, match="CHROMIUM names none"):
        provided()
