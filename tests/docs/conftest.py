"""Projects in which pages are tried: each page is done once, and others may begin where it has ended."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.literate import Project
from tests.docs.pages import Page


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Page], Project]:
    """A function that does a page, and those it begins after, and returns the project as it is then."""
    known: dict[Path, Project] = {}

    def do(page: Page) -> Project:
        if page.path not in known:
            folder = tmp_path_factory.mktemp("page") / "project"
            before = page.begins_after
            project = Project(folder) if before is None else do(before).copy(folder)
            project.do(page)
            known[page.path] = project
        return known[page.path]

    return do
