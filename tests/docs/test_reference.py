"""Every public thing has its page, and the page says what the code says."""

import argparse
import inspect
import json
import re

import pytest
from django.core.management import load_command_class
from django.db import models
from django.dispatch import Signal

import reversible_migrations
from reversible_migrations import exceptions, operations, signals, states
from reversible_migrations import models as ledger
from reversible_migrations.authoring.patch import Patch
from reversible_migrations.conf import SETTINGS
from reversible_migrations.monitoring.metrics import METRICS
from tests.docs.pages import DOCS, ROOT, Page
from tests.docs.test_code import in_one_worker, on_sqlite

REFERENCE = DOCS / "reference"
COMMANDS = sorted(
    path.stem for path in (ROOT / "reversible_migrations/management/commands").glob("*.py") if path.stem != "__init__"
)
COMMON_OPTIONS = {"-h", "--version", "-v", "--settings", "--pythonpath", "--traceback", "--no-color", "--force-color"}
COMMON_OPTIONS |= {"--skip-checks"}
CELLS = re.compile(r"^\| (.*) \|$", re.MULTILINE)


def page_of(*parts: str) -> Page:
    return Page(REFERENCE.joinpath(*parts))


def dashed(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[a-z])(?=SQL)", "-", name).lower()


def table_rows(page: Page) -> dict[str, list[str]]:
    """Return the rows of the page's tables whose first cell is code, by that code."""
    rows = [[cell.strip() for cell in row.split("|")] for row in CELLS.findall(page.text)]
    return {cells[0].strip("`").split()[0]: cells[1:] for cells in rows if cells[0].startswith("`")}


@pytest.mark.parametrize("name", reversible_migrations.__all__)
def test_every_class_has_its_page(name):
    assert page_of("classes", f"{dashed(name)}.md").text.startswith(f"# {name}\n")


@pytest.mark.parametrize("name", operations.__all__)
def test_every_operation_has_its_page_with_its_arguments(name):
    page = page_of("operations", f"{dashed(name)}.md")
    arguments = list(inspect.signature(getattr(operations, name).__init__).parameters)[1:]

    assert page.text.startswith(f"# {name}\n")
    assert set(table_rows(page)) == set(arguments)


def test_every_call_of_a_patch_has_its_section():
    text = page_of("classes", "reversible-data-patch.md").text
    public = {name for name in vars(Patch) if not name.startswith("_")} | {"using"}

    assert set(re.findall(r"^## patch\.(\w+)$", text, re.MULTILINE)) == public


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_page_with_its_options(name):
    page = page_of("commands", f"{name}.md")
    parser = load_command_class("reversible_migrations", name).create_parser("manage.py", name)
    actions = [a for a in parser._actions if not COMMON_OPTIONS & set(a.option_strings)]
    options = {(a.option_strings or [a.dest])[-1] for a in actions if not isinstance(a, argparse._HelpAction)}
    positional = {a.dest for a in actions if not a.option_strings}
    described = {row for row in table_rows(page) if row.startswith("--") or row in positional}

    assert page.text.startswith(f"# {name}\n")
    assert described == options


@on_sqlite
@in_one_worker
@pytest.mark.parametrize(
    ("command", "begins_after"),
    [
        ("migration_status --json", "tutorial.md"),
        ("migration_status --run 2 --json --verbosity 2", "tutorial.md"),
        ("preview_patch stock 0002 --json", "tutorial.md"),
        ("safe_rollback stock --dry-run --json", "how-to/write-a-patch.md"),
        ("purge_rollback_data --older-than 0m --dry-run --json", "how-to/write-a-patch.md"),
        ("verify_migrations stock --rows --json", "how-to/write-a-patch.md"),
        ("watch_runs --json", "how-to/write-a-patch.md"),
        ("send_test_alert --json", "how-to/write-a-patch.md"),
    ],
)
def test_every_key_of_a_commands_json_is_on_its_page(command, begins_after, finished):
    page = page_of("commands", f"{command.split()[0]}.md")

    status, said = finished(Page(DOCS / begins_after)).run(f"python manage.py {command}")

    assert status == 0, said
    assert not {key for key in keys_of(json.loads(said)) if f"`{key}`" not in page.text}


def keys_of(value, path=""):
    """Return the names in a JSON value, but not those that are data: columns of rows, types of errors."""
    if isinstance(value, list):
        return set().union(*(keys_of(item, path) for item in value), set())
    if not isinstance(value, dict) or path in ("key", "before", "after", "failed"):
        return set()
    return set(value).union(*(keys_of(item, name) for name, item in value.items()))


def test_the_page_of_settings_says_what_the_settings_are():
    rows = table_rows(page_of("settings.md"))

    assert list(rows) == list(SETTINGS)
    for name, setting in SETTINGS.items():
        types = setting.type if isinstance(setting.type, tuple) else (setting.type,)
        expected = [f"`{setting.default!r}`", ", ".join(t.__name__ for t in types), setting.unit, setting.meaning]
        assert rows[name][:4] == expected, name


def test_the_page_of_metrics_says_what_the_collector_says():
    rows = table_rows(page_of("metrics.md"))

    assert list(rows) == [metric.name for metric in METRICS]
    for metric in METRICS:
        assert rows[metric.name] == [metric.kind, ", ".join(f"`{label}`" for label in metric.labels), metric.help]


def test_every_error_has_its_section():
    raised = {
        name
        for name, kind in vars(exceptions).items()
        if inspect.isclass(kind) and kind.__module__ == exceptions.__name__
    }
    text = page_of("errors.md").text

    assert set(re.findall(r"^## (\w+)$", text, re.MULTILINE)) == raised


def test_every_table_of_the_ledger_is_described():
    described = table_rows(page_of("ledger.md"))
    tables = {kind.__name__: kind._meta.db_table for kind in vars(ledger).values() if is_model(kind)}

    assert {name: described[name][0].strip("`") for name in tables} == tables
    assert {status.value for status in states.RunStatus} <= set(described)


def is_model(kind):
    return inspect.isclass(kind) and issubclass(kind, models.Model)


def test_every_signal_is_described():
    sent = {name for name, value in vars(signals).items() if isinstance(value, Signal)}

    assert set(table_rows(page_of("signals.md"))) == sent
