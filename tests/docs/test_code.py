"""The code in the documentation does what the pages say."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.docs.literate import Project, environment, matches
from tests.docs.pages import DOCS, Page, all_pages

CODE = {"python", "console", "bash", "sh", "toml", "ini", "sql"}
EXAMPLE = Page(DOCS / "reference" / "example-project.md")
TRIED = [page for page in all_pages() if page.steps]
SNIPPETS = [block for page in all_pages() for block in page.snippets]
IS_SQLITE = "sqlite" in settings.DATABASES["default"]["ENGINE"]

on_sqlite = pytest.mark.skipif(not IS_SQLITE, reason="the pages' projects are on SQLite; they are tried in its tests")
in_one_worker = pytest.mark.xdist_group("docs")  # they share projects that take seconds to make


@on_sqlite
@in_one_worker
@pytest.mark.parametrize("page", TRIED, ids=lambda page: page.name)
def test_a_page_followed_word_for_word_works(page, finished):
    finished(page)


@pytest.mark.parametrize("page", all_pages(), ids=lambda page: page.name)
def test_every_block_of_code_is_tried_or_says_why_not(page):
    unmarked = [block.name for block in page.blocks if block.language in CODE and not block.mark]

    assert not unmarked


@pytest.fixture(scope="module")
def outcomes(finished, tmp_path_factory):
    """What came of each snippet, run and undone on the example project on the database of these tests."""
    project = example_project(finished, tmp_path_factory.mktemp("snippets") / "project")
    asked = [{"name": block.name, "kind": block.action, "code": block.text} for block in SNIPPETS]
    program = Path(__file__).with_name("snippets.py")
    command = [sys.executable, str(program)]
    variables = environment(DOCS_DATABASE=json.dumps(scratch_database(project)))
    done = subprocess.run(
        command, cwd=project.folder, env=variables, input=json.dumps(asked), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def example_project(finished, folder):
    if IS_SQLITE:
        return finished(EXAMPLE).copy(folder)
    project = Project(folder)
    for block in EXAMPLE.steps:  # its commands would fill an SQLite file; snippets.py fills the scratch database
        if block.action != "run" or "startproject" in block.text:
            project.do_block(block)
    return project


def scratch_database(project):
    if IS_SQLITE:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(project.folder / "db.sqlite3")}
    given = settings.DATABASES["default"]
    kept = {name: str(given[name]) for name in ("ENGINE", "USER", "PASSWORD", "HOST", "PORT") if given.get(name)}
    return {**kept, "NAME": f"docs_snippets_{project.folder.parent.name.rpartition('-')[2]}_{id(project) % 100_000}"}


@in_one_worker
@pytest.mark.parametrize("name", [block.name for block in SNIPPETS])
def test_a_snippet_changes_rows_and_undo_brings_them_back(name, outcomes):
    outcome = outcomes[name]

    assert outcome["error"] == ""
    assert outcome["changed"]
    assert outcome["restored"]


def test_three_dots_stand_for_any_text_and_the_rest_is_compared():
    assert matches("done, ...\n\nlast", "done, 3 rows\n\n  more\nlast  \n")
    assert not matches("done, ...\nlast", "done, 3 rows\nlast but one")
    assert not matches("2 rows", "12 rows")
