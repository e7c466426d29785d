"""The log of runs: one record an event, with its facts, as JSON where a project wants that."""

import json
import logging
import subprocess
import sys

import pytest

from reversible_migrations.models import Run
from reversible_migrations.progress.logs import JSONFormatter
from tests.management.library.models import Book
from tests.management.test_safe_rollback import interrupted_patch, migrate, rollback

NAME = "reversible_migrations.runs"


@pytest.fixture
def events(caplog):
    """The records of the runs' logger."""
    caplog.set_level(logging.INFO, NAME)

    def found():
        return [record for record in caplog.records if record.name == NAME]

    return found


@pytest.mark.usefixtures("library")
class TestEvents:
    def test_every_change_of_status_and_every_step_is_one_record(self, events):
        migrate("0002")

        assert [(record.event, record.status) for record in events()] == [
            ("run_started", "running"),
            *[("step_started", "running"), ("step_finished", "running")] * 4,
            ("status_changed", "done"),
            ("run_finished", "done"),
        ]
        facts = vars(events()[4])
        named = ("run", "database", "migration", "direction", "step", "kind", "model")
        assert {name: facts[name] for name in named} == {
            "run": Run.objects.get().pk, "database": "default", "migration": "library.0002_prices",
            "direction": "forwards", "step": 2, "kind": "transform", "model": "library.Book",
        }  # fmt: skip
        assert (facts["rows_done"], facts["rows_skipped"], facts["rows_failed"]) == (1, 1, 1)

    def test_an_interrupted_run_is_a_warning_and_is_seen_to_go_on(self, events):
        interrupted_patch()
        interrupted = events()[-1]
        migrate("0002")

        assert (interrupted.levelname, interrupted.status) == ("WARNING", "interrupted")
        assert "run_resumed" in [record.event for record in events()]

    def test_an_undo_tells_of_both_runs(self, events):
        migrate("0002")
        rollback()

        changed = [(each.direction, each.before, each.status) for each in events() if each.event == "status_changed"]
        assert changed == [
            ("forwards", "running", "done"),
            ("forwards", "done", "undoing"),
            ("forwards", "undoing", "undone"),
            ("backwards", "running", "done"),
        ]

    def test_no_value_of_a_row_is_in_it(self, events):
        Book.objects.filter(pk=1).update(title="Quarkenstein")
        migrate("0002")

        lines = [JSONFormatter().format(record) for record in events()]
        assert not [line for line in lines if "Quarkenstein" in line or "torn title" in line]


def test_a_record_is_a_line_of_json_with_what_it_carries():
    record = logging.makeLogRecord(
        {"name": "shop", "msg": "%d rows", "args": (3,), "levelname": "INFO", "created": 0.5}
    )
    record.run = 7

    facts = json.loads(JSONFormatter().format(record))

    assert facts["message"] == "3 rows"
    assert (facts["timestamp"], facts["level"], facts["logger"]) == ("1970-01-01T00:00:00.500+00:00", "info", "shop")
    assert facts["run"] == 7


def test_a_traceback_is_in_the_line():
    try:
        raise RuntimeError
    except RuntimeError:
        record = logging.makeLogRecord({"exc_info": sys.exc_info()})

    assert "RuntimeError" in json.loads(JSONFormatter().format(record))["traceback"]


PROGRAM = """
import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["reversible_migrations"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    LOGGING={
        "version": 1,
        "formatters": {"json": {"()": "reversible_migrations.progress.logs.JSONFormatter"}},
        "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stdout"}},
        "loggers": {"reversible_migrations": {"handlers": ["stdout"], "level": "INFO"}},
    },
)
django.setup()
import logging
logging.getLogger("reversible_migrations.runs").info("hello", extra={"run": 7})
"""


def test_a_project_may_name_the_formatter_in_its_logging():
    said = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout

    assert json.loads(said)["run"] == 7
