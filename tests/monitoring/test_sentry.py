"""What Sentry is told of runs, through a transport of the SDK's own interface; and what it is not told."""

import json
import subprocess
import sys

import pytest
import sentry_sdk
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.test import Client
from sentry_sdk.transport import Transport

from reversible_migrations.exceptions import TooManyFailures
from reversible_migrations.models import Run
from reversible_migrations.monitoring.sentry import SENTRY, SentryRun
from reversible_migrations.monitoring.sentry_events import without_values, without_values_of_ours
from reversible_migrations.overview import progress_of
from tests.management.library import moments
from tests.management.library.models import Book
from tests.monitoring.following import failing_with, followed, migrated, run_of
from tests.progress.test_terminal import ROOT, environment

pytestmark = pytest.mark.usefixtures("library")

SECRET = "a-secret-title"


class Kept(Transport):
    """Keeps what would be sent."""

    def __init__(self, options=None):
        super().__init__(options)
        self.envelopes = []

    def capture_envelope(self, envelope):
        self.envelopes.append(envelope)

    def items(self, kind):
        return [item.payload.json for envelope in self.envelopes for item in envelope.items if item.type == kind]

    @property
    def transaction(self):
        (found,) = self.items("transaction")
        return found

    @property
    def text(self):
        return "".join(envelope.serialize().decode() for envelope in self.envelopes)


class Refusing(Kept):
    def capture_envelope(self, envelope):
        raise OSError("no way out")


def initialised(transport):
    sentry_sdk.init(
        dsn="https://key@sentry.invalid/1", transport=transport, traces_sample_rate=1.0, release="shop@1.2.3",
        default_integrations=False, auto_enabling_integrations=False, auto_session_tracking=False,
    )  # fmt: skip
    return transport


@pytest.fixture
def sentry():
    """Sentry, initialised as a project does it, and switched off at the end."""
    yield initialised(Kept())
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)
    sentry_sdk.get_isolation_scope().clear()
    sentry_sdk.get_isolation_scope()._event_processors.clear()


class TestTransactions:
    def test_a_run_is_a_transaction_with_a_span_for_each_step(self, sentry):
        migrated()

        found = sentry.transaction
        assert found["transaction"] == "library.0002_prices"
        assert found["release"] == "shop@1.2.3"
        assert found["tags"]["migration"] == "library.0002_prices"
        assert found["tags"]["direction"] == "forwards"
        assert found["contexts"]["trace"]["status"] == "ok"
        steps = [span for span in found["spans"] if span["op"] == "db.migration.step"]
        assert [span["description"] for span in steps] == [
            "1 update library.Book", "2 transform library.Book", "3 create library.Note", "4 delete library.Book",
        ]  # fmt: skip
        assert steps[0]["data"]["rows_done"] == 5

    def test_ticks_are_spans_of_their_step_and_are_thinned_out(self, sentry):
        migrated()
        run, (step, *_) = run_of()
        watched = SentryRun(sentry_sdk, run, "default")
        watched.begin()
        watched.step_started(step)
        for _ in range(3_600):
            watched.step_progressed(step, 1_000)
        watched.step_finished(step)
        watched.end("done", None)

        spans = [span for span in sentry.items("transaction")[-1]["spans"] if span["op"] == "db.migration.batches"]
        assert 100 < len(spans) < 500
        assert spans[0]["data"]["batch_size"] == 1_000

    def test_what_was_the_current_span_is_so_again(self, sentry):
        with sentry_sdk.start_transaction(name="deploy") as deploy:
            migrated()
            assert sentry_sdk.get_current_span() is deploy

        own, outer = sentry.items("transaction")
        assert (own["transaction"], outer["transaction"]) == ("library.0002_prices", "deploy")
        assert "migration" not in outer.get("tags", {})
        assert outer["spans"] == []


class TestFailures:
    def test_a_failure_carries_where_it_was_and_no_values(self, sentry):
        Book.objects.update(title=SECRET)
        moments.append(lambda book: int(book.title))

        with pytest.raises(TooManyFailures):
            migrated()

        (event,) = sentry.items("event")
        assert event["exception"]["values"][-1]["type"] == "TooManyFailures"
        assert "more than max_failed_share" in event["exception"]["values"][-1]["value"]
        context = event["contexts"]["migration"]
        assert (context["migration"], context["step"], context["kind"]) == ("library.0002_prices", 2, "transform")
        assert context["rows_failed"] > 0
        assert event["release"] == "shop@1.2.3"
        assert event["tags"]["database"] == "default"
        assert sentry.transaction["contexts"]["trace"]["status"] == "internal_error"
        assert SECRET not in sentry.text

    @pytest.mark.parametrize(
        "options",
        [
            {"send_default_pii": True, "_experiments": {"record_sql_params": True}},
            {"data_collection": {"database_query_data": True}},
        ],
    )
    def test_a_process_with_every_integration_sends_no_value(self, options, tmp_path):
        Book.objects.update(title=SECRET)
        connection.close()
        file = tmp_path / "sent"
        script = [sys.executable, "-m", "tests.monitoring.sentry_process"]
        script += ["migrate", "library", "0002", "--traceback", "--verbosity", "0"]
        variables = {"SENTRY_FILE": str(file), "SENTRY_OPTIONS": json.dumps(options)}
        variables["PYTHONWARNINGS"] = "default"  # some of these options are on their way out

        done = subprocess.run(script, cwd=ROOT, env=environment(**variables), capture_output=True, text=True)

        sent = file.read_text()
        assert done.returncode == 1
        assert "TooManyFailures" in done.stderr
        assert '"transaction":"deploy"' in sent
        assert '"transaction":"library.0002_prices"' in sent
        assert '"type":"TooManyFailures"' in sent
        assert SECRET not in sent

    def test_the_words_of_a_database_are_not_sent(self, sentry):
        def collide(book):
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO library_book (id, title, price) VALUES (%s, %s, 1)", [book.id, SECRET])

        error = failing_with(collide)
        sentry_sdk.capture_exception(wrapped(error))

        assert SECRET not in sentry.text
        assert '"vars"' not in sentry.text

    def test_other_events_of_the_project_are_as_they_were(self, sentry):
        failing_with(lambda book: int("x"))
        count = len(sentry.items("event"))
        try:
            local = "a harmless local"
            raise DatabaseError(f"about something else: {len(local)}")
        except DatabaseError as error:
            sentry_sdk.capture_exception(error)

        event = sentry.items("event")[count]
        assert event["exception"]["values"][0]["value"] == "about something else: 16"
        assert "a harmless local" in json.dumps(event)
        assert "migration" not in event.get("tags", {})

    def test_a_pause_is_no_failure(self, sentry):
        run, _ = run_of(migrated)
        watched = SentryRun(sentry_sdk, run, "default")
        watched.begin()
        watched.end("paused", None)

        assert sentry.items("event") == []
        assert sentry.items("transaction")[-1]["contexts"]["trace"]["status"] == "cancelled"


def wrapped(error):
    try:
        raise RuntimeError("wrapped") from error
    except RuntimeError as caught:
        return caught


class TestCheckIns:
    def test_a_run_checks_in_and_out(self, sentry, settings):
        settings.REVERSIBLE_MIGRATIONS = {"SENTRY_MONITOR": "patches"}

        migrated()

        first, last = sentry.items("check_in")
        assert [first["monitor_slug"], first["status"], last["status"]] == ["patches", "in_progress", "ok"]
        assert first["check_in_id"] == last["check_in_id"]

    def test_a_long_one_shows_signs_of_life(self, sentry, settings):
        settings.REVERSIBLE_MIGRATIONS = {"SENTRY_MONITOR": "patches"}
        run, (step, *_) = run_of(migrated)
        sentry.envelopes.clear()
        now = [0.0]
        watched = SentryRun(sentry_sdk, run, "default", clock=lambda: now[0])
        watched.begin()
        for now[0] in range(0, 200, 10):
            watched.step_progressed(step, None)
        now[0] = 270
        watched.waits(5.0)
        watched.end("failed", ValueError())

        assert [item["status"] for item in sentry.items("check_in")] == [*["in_progress"] * 5, "error"]
        assert sentry.items("check_in")[-1]["duration"] == 270

    def test_without_a_monitor_there_are_none(self, sentry):
        migrated()

        assert sentry.items("check_in") == []


class TestNothingIsHurt:
    def test_a_transport_that_fails_costs_one_line(self, sentry, caplog):
        initialised(Refusing())

        migrated()

        run = Run.objects.get()
        lines = [record.getMessage() for record in caplog.records if "sentry" in record.getMessage()]
        assert run.status == "done"
        assert lines == [f"sentry failed with OSError; it is told nothing more of {run}."]
        assert SENTRY.runs == {}

    def test_without_a_client_nothing_is_kept(self):
        with followed(SENTRY) as seen:
            migrated()

        assert seen == []

    def test_a_process_that_does_not_use_it_does_not_import_it(self):
        code = """
import re, sys, django
django.setup()
from django.core.management import call_command
call_command("migrate", "library", "0001", verbosity=0)
call_command("check")
import reversible_migrations.monitoring.urls
print([name for name in sys.modules if re.match("sentry_sdk|opentelemetry|prometheus_client", name)])
"""
        variables = environment(DJANGO_SETTINGS_MODULE=f"tests.settings.{connection.vendor}")
        connection.close()

        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=variables, capture_output=True, text=True, check=True
        )

        assert done.stdout.splitlines()[-1] == "[]"


class TestPages:
    @pytest.fixture
    def watcher(self, library, django_user_model):
        client = Client()
        client.force_login(django_user_model.objects.create_superuser("watcher"))
        yield client
        Session.objects.all().delete()
        django_user_model.objects.all().delete()

    def test_an_error_behind_a_page_takes_no_values_along(self, sentry, watcher):
        watcher.get("/migrations/")

        with pytest.raises(AttributeError) as raised:
            progress_of(SECRET)
        sentry_sdk.capture_exception(raised.value)

        (event,) = sentry.items("event")
        assert event["exception"]["values"][-1]["type"] == "AttributeError"
        assert SECRET not in sentry.text


class TestEvents:
    def test_values_are_taken_out_of_every_place(self):
        frames = {"frames": [{"module": "shop.models", "vars": {"row": SECRET}, "context_line": "save()"}]}
        event = {
            "exception": {
                "values": [
                    {"type": "IntegrityError", "module": "django.db.utils", "value": SECRET, "stacktrace": frames,
                     "mechanism": {"type": "generic", "data": {"args": SECRET}}},
                    {"type": "StepFailed", "module": "reversible_migrations.exceptions", "value": "shop.0002: failed"},
                ]
            },
            "threads": {"values": [{"stacktrace": {"frames": [{"vars": {"row": SECRET}}]}}]},
            "breadcrumbs": {"values": [{"message": SECRET}]},
            "logentry": {"message": "row %s", "params": [SECRET], "formatted": SECRET},
            "spans": [{"op": "db", "data": {"db.params": [SECRET], "db.system": "postgresql"}}],
        }  # fmt: skip

        found = without_values(event)

        assert SECRET not in json.dumps(found)
        assert found["exception"]["values"][1]["value"] == "shop.0002: failed"
        assert found["spans"][0]["data"] == {"db.system": "postgresql"}

    @pytest.mark.parametrize("event", [{}, {"exception": None}, {"exception": {"values": [None, {}]}}, {"threads": []}])
    def test_an_event_of_any_form_is_taken(self, event):
        assert without_values(dict(event)) == event
        assert without_values_of_ours(dict(event)) == event


def test_the_command_that_runs_it_in_this_process_is_ordinary(sentry):
    call_command("migrate", "library", "0002", verbosity=0)

    assert sentry.transaction["tags"]["reversible_migrations"]
