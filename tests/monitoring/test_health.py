"""The health: databases, ledger, runs without a process, host, channel layer, backup; command and endpoint."""

import io
import json
import os
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test import Client

from reversible_migrations.models import Run
from reversible_migrations.monitoring import views
from reversible_migrations.monitoring.health import CheckResult, Health, Outcome, check_health
from reversible_migrations.monitoring.health_checks import newest_backup
from tests.management.test_safe_rollback import interrupted_patch, living_process, migrate
from tests.monitoring.test_views import TOKEN, get
from tests.progress.test_terminal import ROOT
from tests.situations.running import ended_process

pytestmark = pytest.mark.usefixtures("library")

NO_HOST = {"cpu": None, "memory": None, "disk": None}  # how busy the machine of the tests is, is not to matter


@pytest.fixture(autouse=True)
def quiet_host(settings):
    settings.REVERSIBLE_MIGRATIONS = {"LIMITS": NO_HOST}
    views.RECENT.forget()
    yield settings
    views.RECENT.forget()


def found(aliases=("default",)):
    return {check.name: check for check in check_health(aliases).checks}


def told(*arguments):
    """Return what the command writes, and its exit status."""
    out = io.StringIO()
    try:
        call_command("migration_health", "--database", "default", *arguments, stdout=out)
    except SystemExit as end:
        return out.getvalue(), end.code
    return out.getvalue(), 0


class TestDatabases:
    def test_one_that_is_fit_answers_and_can_be_written(self):
        checks = found()

        assert [(check.name, check.outcome, check.subject) for check in checks.values()] == [
            ("database", "ok", "default"), ("ledger", "ok", "default"), ("stale runs", "ok", "default"),
        ]  # fmt: skip
        assert checks["database"].unit == "s"
        assert checks["database"].figure >= 0

    def test_nothing_is_written(self):
        migrate("0002")
        before = list(Run.objects.values())

        check_health(["default"])

        assert list(Run.objects.values()) == before

    def test_one_that_is_not_there_has_failed(self):
        with away():
            (check,) = check_health(["away"]).checks[:1]

        assert (check.name, check.outcome, check.subject) == ("database", "failed", "away")
        assert check.words.startswith("It does not answer: ")

    def test_one_in_which_nothing_may_be_written_has_failed(self):
        with read_only() as alias:
            checks = found([alias])

        assert checks["database"].outcome == "failed"
        assert "read-only" in checks["database"].words

    def test_one_that_somebody_writes_to_is_fit(self):
        written, done = threading.Event(), threading.Event()

        def write():
            with transaction.atomic():
                Run.objects.create(app="other", name="0001", direction="forwards", status="done")
                written.set()
                done.wait(60)
                transaction.set_rollback(True)
            connection.close()

        writer = threading.Thread(target=write)
        writer.start()
        assert written.wait(60)
        try:
            checks = found()
        finally:
            done.set()
            writer.join()

        assert checks["database"].outcome == "ok"

    def test_a_missing_ledger_is_told_with_the_command_that_makes_it(self):
        with without_ledger():
            check = found()["ledger"]

        assert check.outcome == "failed"
        assert "manage.py migrate reversible_migrations --database default" in check.words

    def test_one_that_the_routers_keep_free_needs_no_ledger(self, settings):
        settings.DATABASE_ROUTERS = ["tests.monitoring.test_health.NothingHere"]
        with without_ledger():
            check = found()["ledger"]

        assert check.outcome == "ok"


@contextmanager
def without_ledger():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE reversible_migrations_run RENAME TO aside")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE aside RENAME TO reversible_migrations_run")


class NothingHere:
    def allow_migrate(self, db, app_label, **hints):
        return False


class away:
    """A database that is nowhere."""

    def __enter__(self):
        nowhere = {"NAME": "/nowhere/at/all", "HOST": "127.0.0.1", "PORT": "1"}
        connections.settings["away"] = {**connections.settings["default"], **nowhere}

    def __exit__(self, *error):
        del connections.settings["away"]


class read_only:
    """The test's database, by another alias, as one in which nothing may be written."""

    def __enter__(self):
        facts = {**connections.settings["default"], **connection.settings_dict}
        if connection.vendor == "sqlite":
            facts |= {"NAME": f"file:{facts['NAME']}?mode=ro", "OPTIONS": {"uri": True}}
        else:
            facts |= {"OPTIONS": {"options": "-c default_transaction_read_only=on"}}
        connections.settings["guarded"] = facts
        return "guarded"

    def __exit__(self, *error):
        connections["guarded"].close()
        del connections["guarded"]
        del connections.settings["guarded"]


class TestStaleRuns:
    def test_one_whose_process_is_gone_is_a_warning_with_what_to_do(self):
        interrupted_patch()
        Run.objects.update(status="running", owner=ended_process())

        check = found()["stale runs"]

        assert (check.outcome, check.figure, check.unit) == ("warning", 1, "runs")
        assert "manage.py migrate library 0002_prices" in check.words

    def test_one_of_a_living_process_is_none(self):
        interrupted_patch()
        with living_process() as owner:
            Run.objects.update(status="running", owner=owner)

            check = found()["stale runs"]

        assert check.outcome == "ok"


class TestHost:
    def test_over_its_limit_a_gauge_is_a_warning_and_a_full_disk_a_failure(self, settings):
        settings.REVERSIBLE_MIGRATIONS = {"LIMITS": {"cpu": None, "memory": 0, "disk": 0}}

        checks = found()

        assert checks["memory"].outcome == "warning"
        assert checks["memory"].unit == "%"
        if "disk" in checks:  # a server of another user does not tell where its files are
            assert checks["disk"].outcome == "failed"

    def test_under_it_all_is_well(self, settings):
        settings.REVERSIBLE_MIGRATIONS = {"LIMITS": {"cpu": 101, "memory": 101, "disk": 101}}

        checks = found()

        assert {checks[name].outcome for name in ("cpu", "memory")} == {"ok"}
        assert checks["memory"].figure > 0


class TestChannelLayer:
    def test_where_none_is_configured_it_is_not_looked_at(self):
        assert "channel layer" not in found()

    def test_a_message_goes_there_and_back(self, settings):
        settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

        check = found()["channel layer"]

        assert (check.outcome, check.unit) == ("ok", "s")

    def test_one_that_cannot_be_reached_has_failed(self, settings):
        hosts = {"hosts": [("127.0.0.1", 1)]}
        settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": hosts}}

        assert found()["channel layer"].outcome == "failed"

    def test_one_that_loses_messages_has_failed(self, settings):
        settings.REVERSIBLE_MIGRATIONS = {"LIMITS": NO_HOST, "METRICS_SECONDS": 1}
        settings.CHANNEL_LAYERS = {"default": {"BACKEND": "tests.monitoring.test_health.Losing"}}

        assert found()["channel layer"].outcome == "failed"

    def test_without_channels_it_is_said_what_to_install(self, settings, monkeypatch):
        settings.CHANNEL_LAYERS = {"default": {}}
        monkeypatch.setitem(sys.modules, "channels.layers", None)

        check = found()["channel layer"]

        assert check.outcome == "failed"
        assert "pip install reversible-migrations[channels]" in check.words


class Losing:
    def __init__(self, **options):
        pass

    async def new_channel(self):
        return "somewhere"

    async def send(self, channel, message):
        pass

    async def receive(self, channel):
        import asyncio

        await asyncio.sleep(60)


class TestBackup:
    NOW = datetime(2030, 1, 2, tzinfo=UTC)

    def written(self, path, hours_ago):
        path.touch()
        moment = (self.NOW - timedelta(hours=hours_ago)).timestamp()
        os.utime(path, (moment, moment))

    def test_the_newest_counts_and_none_that_is_being_written(self, tmp_path):
        self.written(tmp_path / "default-1.dump", 60)
        self.written(tmp_path / "default-2.dump", 6)
        self.written(tmp_path / "default-3.dump.partial", 1)

        check = newest_backup(tmp_path, self.NOW)

        assert (check.outcome, round(check.figure), check.unit) == ("ok", 6, "h")

    def test_one_that_is_too_old_has_failed(self, tmp_path):
        self.written(tmp_path / "default-1.dump", 25)

        assert newest_backup(tmp_path, self.NOW).outcome == "failed"

    def test_none_has_failed(self, tmp_path, settings):
        settings.REVERSIBLE_MIGRATIONS = {"LIMITS": NO_HOST, "BACKUP_FOLDER": str(tmp_path)}
        assert found()["backup"].outcome == "failed"

        settings.REVERSIBLE_MIGRATIONS = {"LIMITS": NO_HOST, "BACKUP_FOLDER": str(tmp_path / "nowhere")}
        assert found()["backup"].words == "It cannot be looked at: FileNotFoundError."

    def test_without_the_setting_it_is_not_looked_at(self):
        assert "backup" not in found()


class TestCommand:
    def test_every_key_of_its_json_is_on_its_page(self):
        page = (ROOT / "docs" / "reference" / "commands" / "migration_health.md").read_text()
        facts = json.loads(told("--json")[0])

        assert not {key for key in {*facts, *facts["checks"][0]} if f"`{key}`" not in page}

    def test_every_check_is_on_its_page(self, settings, tmp_path):
        page = (ROOT / "docs" / "reference" / "commands" / "migration_health.md").read_text()
        settings.REVERSIBLE_MIGRATIONS = {"BACKUP_FOLDER": str(tmp_path)}
        settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

        assert not {name for name in found() if f"`{name}`" not in page}

    def test_it_lists_the_checks_and_ends_with_0(self):
        text, status = told()

        assert status == 0
        assert text.splitlines()[1].split()[:3] == ["database", "default", "ok"]

    def test_a_warning_ends_with_1_where_it_is_asked_for(self):
        interrupted_patch()
        Run.objects.update(status="running", owner=ended_process())

        assert [told()[1], told("--fail-on", "warning")[1]] == [0, 1]

    def test_a_failure_ends_with_1_and_the_json_says_what(self, settings, tmp_path):
        settings.REVERSIBLE_MIGRATIONS = {"LIMITS": NO_HOST, "BACKUP_FOLDER": str(tmp_path)}

        text, status = told("--json")

        facts = json.loads(text)
        assert (facts["version"], facts["status"], status) == (1, "failed", 1)
        assert facts["checks"][-1] == {
            "name": "backup", "database": "", "outcome": "failed", "words": f"There is none in {tmp_path}.",
            "figure": None, "unit": "h",
        }  # fmt: skip


@pytest.mark.urls("tests.monitoring.urls")
class TestEndpoint:
    def test_anybody_is_told_the_status_and_nothing_else(self):
        answer = Client().get("/monitoring/health")

        assert (answer.status_code, answer.json()) == (200, {"version": 1, "status": "ok"})

    def test_the_token_is_told_what_was_found(self, settings):
        settings.REVERSIBLE_MIGRATIONS = {"LIMITS": NO_HOST, "METRICS_TOKEN": TOKEN}

        answer = get("health", authorization=f"Bearer {TOKEN}")

        assert json.loads(answer.content)["checks"][0]["name"] == "database"

    def test_a_failure_is_503(self, settings, tmp_path):
        settings.REVERSIBLE_MIGRATIONS = {"LIMITS": NO_HOST, "BACKUP_FOLDER": str(tmp_path)}

        answer = Client().get("/monitoring/health")

        assert (answer.status_code, answer.json()) == (503, {"version": 1, "status": "failed"})

    def test_who_asks_again_at_once_is_told_the_same(self):
        first = views.RECENT.health()

        assert views.RECENT.health() is first


class TestOutcome:
    @pytest.mark.parametrize(
        ("outcomes", "worst"),
        [([], "ok"), (["ok"], "ok"), (["ok", "warning"], "warning"), (["failed", "warning", "ok"], "failed")],
    )
    def test_it_is_the_worst_of_all(self, outcomes, worst):
        health = Health(tuple(CheckResult("a", Outcome(outcome), "") for outcome in outcomes))

        assert health.outcome == worst


class TestDjangoHealthCheck:
    @pytest.fixture(autouse=True)
    def package(self):
        pytest.importorskip("health_check", reason="django-health-check is not installed")

    def checks(self, **options):
        from reversible_migrations.monitoring.django_health_check import Migrations

        return [(Migrations, options)]

    def page(self, rf, **options):
        from asgiref.sync import async_to_sync
        from health_check.views import HealthCheckView

        view = HealthCheckView.as_view(checks=self.checks(**options))
        answer = async_to_sync(view)(rf.get("/", {"format": "json"}))
        return answer.status_code, json.loads(answer.content)

    def test_it_is_ok(self, rf):
        assert self.page(rf) == (200, {"Migrations()": "OK"})

    def test_what_failed_is_named_without_details(self, rf, settings, tmp_path):
        settings.REVERSIBLE_MIGRATIONS = {"LIMITS": NO_HOST, "BACKUP_FOLDER": str(tmp_path)}

        assert self.page(rf) == (500, {"Migrations()": "Unavailable: backup"})

    def test_warnings_count_where_it_is_asked_for(self, rf):
        interrupted_patch()
        Run.objects.update(status="running", owner=ended_process())

        assert self.page(rf)[0] == 200
        assert self.page(rf, warnings=True) == (500, {"Migrations()": "Warning: stale runs (default)"})


def test_the_path_of_the_backups_is_not_shown_to_everybody(settings, tmp_path):
    settings.REVERSIBLE_MIGRATIONS = {"LIMITS": NO_HOST, "BACKUP_FOLDER": str(tmp_path)}

    assert Path(tmp_path).name not in get("health").content.decode()
