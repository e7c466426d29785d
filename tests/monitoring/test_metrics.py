"""The metrics say what the ledger says: of runs in this process, in others, ended or killed."""

import contextlib
import io
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from reversible_migrations.exceptions import ExtraMissing
from reversible_migrations.models import Run, Step, Timing
from reversible_migrations.monitoring.exposition import LedgerCollector, text
from reversible_migrations.monitoring.health import check_health
from reversible_migrations.monitoring.ledger_figures import RUNS_SHOWN, read_ledger
from reversible_migrations.monitoring.metrics import METRICS
from reversible_migrations.monitoring.within import MOST_ASKED, NoAnswer, all_within, within
from tests.management.conftest import command
from tests.management.library.models import Book
from tests.management.test_safe_rollback import interrupted_patch, migrate, rollback
from tests.monitoring.scraping import scraped, value_of
from tests.progress.test_terminal import ROOT, environment, in_a_pipe
from tests.situations.running import ended_process

pytestmark = pytest.mark.usefixtures("library")

FORWARDS = {"app": "library", "direction": "forwards"}


class TestWhatIsCounted:
    def test_a_finished_migration_in_another_process_is_seen(self):
        in_a_pipe("migrate", "library", "0002", "--verbosity", "0")

        found = scraped()

        assert value_of(found, "rows_total", outcome="done", **FORWARDS) == 5 + 1 + 3 + 1
        assert value_of(found, "rows_total", outcome="skipped", **FORWARDS) == 1
        assert value_of(found, "rows_quarantined", **FORWARDS) == 1
        assert value_of(found, "runs", status="done") == 1
        assert value_of(found, "journal_rows", app="library") == 10
        assert value_of(found, "journal_bytes", app="library") > 0
        assert value_of(found, "up") == 1

    def test_every_batch_is_in_the_histogram_once(self):
        migrate("0002")

        found = scraped()

        counted = value_of(found, "batch_seconds_count", **FORWARDS)
        ranged = Step.objects.filter(kind__in=["update", "transform", "create", "delete"])
        assert counted == sum(step.batches for step in ranged) > 0
        assert value_of(found, "batch_seconds_bucket", le="+Inf", **FORWARDS) == counted
        assert value_of(found, "batch_seconds_sum", **FORWARDS) > 0

    def test_an_undo_is_a_rollback_and_counts_its_rows(self):
        migrate("0002")

        rollback()

        found = scraped()
        assert value_of(found, "rollbacks_total", app="library") == 1
        assert value_of(found, "rows_total", outcome="done", app="library", direction="backwards") == 10
        assert value_of(found, "journal_rows", app="library") == 0

    def test_a_conflict_is_counted(self):
        migrate("0002")
        Book.objects.filter(pk=2).update(price=7)

        rollback()

        assert value_of(scraped(), "rows_total", outcome="conflicting", app="library", direction="backwards") == 1

    def test_waits_are_summed_by_reason(self):
        migrate("0002")
        step = Step.objects.first()
        Timing.objects.create(step=step, kind="wait", label="window", number=2, seconds=3.5)
        Timing.objects.create(step=step, kind="wait", label="retry", number=4, seconds=1)

        found = scraped()

        assert value_of(found, "wait_seconds_total", reason="window", **FORWARDS) == 3.5
        assert value_of(found, "errors_total", kind="batch", **FORWARDS) == 4

    def test_a_run_that_an_error_ended_is_an_error_for_good(self):
        Book.objects.exclude(title="torn").update(title="torn")
        with pytest.raises(CommandError):
            migrate("0002")
        Run.objects.update(status="done")

        assert value_of(scraped(), "errors_total", kind="run", **FORWARDS) == 1

    def test_a_verification_leaves_its_number_of_mismatches(self):
        migrate("0002")
        Book.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE {journals()[0]}")

        with contextlib.suppress(SystemExit):
            call_command("verify_migrations", stdout=io.StringIO())

        found = scraped()
        assert found["migration_data_mismatch_count"][0][1] >= 1
        assert value_of(found, "verified_timestamp_seconds") > 0


def journals():
    with connection.cursor() as cursor:
        return [name for name in connection.introspection.table_names(cursor) if name.startswith("rm_journal_")]


class TestOpenRuns:
    def test_an_open_run_shows_how_far_it_is(self):
        interrupted_patch()

        found = scraped()

        labels = {"migration": "0002_prices", "phase": "", **FORWARDS}
        assert value_of(found, "run_rows", **labels) > 0
        assert value_of(found, "run_seconds", **labels) >= 0

    def test_one_whose_process_has_ended_is_stale_and_counts_as_interrupted(self):
        interrupted_patch()
        Run.objects.update(status="running", owner=ended_process())

        found = scraped()

        assert value_of(found, "run_stale", migration="0002_prices") == 1
        assert value_of(found, "runs", status="interrupted") == 1
        assert value_of(found, "runs", status="running") == 0
        assert value_of(found, "heartbeat_age_seconds", migration="0002_prices") >= 0

    def test_a_process_that_was_killed_is_seen_as_stale(self):
        Book.objects.bulk_create(Book(title=f" held up {number} ", price=1) for number in range(200))
        script = [sys.executable, "-m", "tests.monitoring.held_up_process", "migrate", "library", "0002"]
        script += ["--verbosity", "0"]
        connection.close()
        process = subprocess.Popen(script, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout.readline() == "in a batch\n"
            process.send_signal(signal.SIGKILL)
        finally:
            process.kill()
            process.communicate()

        assert until(lambda: value_of(scraped(), "run_stale", migration="0002_prices")) == 1


def until(condition):
    """Return what ``condition`` returns, once it is true: a server takes a moment to see that a client is gone."""
    end = time.monotonic() + 60
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


class TestCounters:
    def test_purging_rollback_data_takes_nothing_from_a_counter(self):
        migrate("0002")
        before = counters()

        command("purge_rollback_data", "--older-than", "0m")

        assert value_of(scraped(), "journal_rows", app="library") == 0
        assert counters() == before

    def test_going_on_never_takes_from_a_counter(self):
        interrupted_patch()
        before = counters()

        migrate("0002")

        after = counters()
        assert {key for key, value in before.items() if after[key] < value} == set()


def counters():
    """Return the values of all counters and buckets by name and labels."""
    suffixes = ("_total", "_bucket", "_count", "_sum")
    return {
        (name, *sorted(labels.items())): value
        for name, samples in scraped().items()
        if name.endswith(suffixes) and name != "migration_data_mismatch_count"
        for labels, value in samples
    }


class TestCost:
    def test_the_number_of_queries_does_not_grow_with_closed_runs(self):
        migrate("0002")
        with CaptureQueriesContext(connection) as few:
            read_ledger("default", 5)
        copy_runs(3 * RUNS_SHOWN)

        with CaptureQueriesContext(connection) as many:
            samples = read_ledger("default", 5)

        assert len(many) == len(few) < 20
        assert len([sample for sample in samples if sample.metric == "reversible_migrations_run_seconds"]) == RUNS_SHOWN

    def test_nothing_is_written(self):
        migrate("0002")

        with CaptureQueriesContext(connection) as queries:
            read_ledger("default", 5)

        assert not [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]

    def test_a_database_that_cannot_be_read_is_not_up_and_hides_no_other(self, monkeypatch):
        connections.settings["away"] = {**connections.settings["default"], "NAME": "/nowhere/at/all", "PORT": "1"}
        connections.settings["away"]["HOST"] = "127.0.0.1"
        try:
            said = text(LedgerCollector(["away", "default"])).decode()
        finally:
            del connections.settings["away"]

        assert 'reversible_migrations_up{database="away"} 0.0' in said
        assert 'reversible_migrations_up{database="default"} 1.0' in said

    def test_a_database_without_a_ledger_has_no_samples(self):
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE reversible_migrations_run RENAME TO aside")
        try:
            assert read_ledger("default", 5) == []
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE aside RENAME TO reversible_migrations_run")


def copy_runs(number):
    run = Run.objects.get()
    Run.objects.bulk_create(
        Run(app=run.app, name=f"copy_{n}", direction=run.direction, status="done", started_at=run.started_at,
            finished_at=run.finished_at)
        for n in range(number)
    )  # fmt: skip


class TestWithin:
    def test_what_is_raised_is_raised_here(self):
        with pytest.raises(ZeroDivisionError):
            within(60, "division", lambda: 1 / 0)

    def test_what_hangs_is_not_asked_for_ever(self):
        end = threading.Event()
        asked = []

        def hang():
            asked.append(1)
            end.wait(60)

        for _ in range(MOST_ASKED + 3):
            with pytest.raises(NoAnswer):
                within(0.01, "what hangs", hang)
        end.set()

        assert len(asked) == MOST_ASKED

    def test_those_that_hang_together_cost_the_time_of_one(self):
        end = threading.Event()
        questions = {f"hanging {number}": lambda: end.wait(60) for number in range(3)}

        found = all_within(0.01, {**questions, "adding": lambda: 1 + 1})
        end.set()

        assert [type(found[name]) for name in questions] == [NoAnswer] * 3


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no server")
def test_a_server_that_never_answers_is_not_up(settings):
    settings.REVERSIBLE_MIGRATIONS = {"METRICS_SECONDS": 0.5}
    with hanging() as alias:
        said = text(LedgerCollector([alias])).decode()
        checks = check_health([alias]).checks

    assert f'reversible_migrations_up{{database="{alias}"}} 0.0' in said
    assert (checks[0].outcome, checks[0].words) == ("failed", "It does not answer in time.")


@contextlib.contextmanager
def hanging():
    """A database on a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        facts = {"HOST": "127.0.0.1", "PORT": str(server.getsockname()[1])}
        connections.settings["hanging"] = {**connections.settings["default"], **facts}
        try:
            yield "hanging"
        finally:
            server.close()  # which lets those who ask go
            del connections.settings["hanging"]


class TestForm:
    def test_every_sample_is_of_a_metric_with_its_labels(self):
        migrate("0002")
        rollback()
        interrupted_patch()
        known = {metric.name: metric for metric in METRICS}

        for sample in read_ledger("default", 5):
            metric = known[sample.metric]
            assert len(sample.labels) == len(metric.labels), sample
            assert bool(sample.buckets) == (metric.kind == "histogram")

    def test_names_of_counters_end_in_total_and_no_others(self):
        assert {metric.name for metric in METRICS if metric.name.endswith("_total")} == {
            metric.name for metric in METRICS if metric.kind == "counter"
        }

    def test_no_value_of_a_row_is_in_it(self):
        Book.objects.filter(pk=1).update(title=" a secret title ")
        migrate("0002")

        said = text(LedgerCollector(["default"])).decode()

        assert not [word for word in ("secret", "Emma", "torn", "Ulysses") if word in said]

    def test_without_the_client_the_extra_is_named(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "prometheus_client", None)

        with pytest.raises(ExtraMissing, match=r"pip install reversible-migrations\[metrics\]"):
            text()


class TestFile:
    def test_it_is_written_as_a_whole_and_readable_by_others(self, tmp_path):
        migrate("0002")
        file = tmp_path / "migrations.prom"
        file.write_text("old")

        command("write_metrics", str(file), "--database", "default")

        assert value_of(scraped(file.read_bytes()), "runs", status="done") == 1
        assert file.stat().st_mode & 0o777 == 0o644
        assert [path.name for path in tmp_path.iterdir()] == ["migrations.prom"]

    def test_where_it_cannot_be_written_it_is_said(self, tmp_path):
        with pytest.raises(CommandError, match="cannot be written: No such file"):
            command("write_metrics", str(tmp_path / "nowhere" / "migrations.prom"))
