"""``migrate_phased`` on a real database: phases alone, in a row, undone, interrupted, two at once."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest
from django.core.management.base import CommandError
from django.db import connection
from django.db.models.signals import post_migrate

from reversible_migrations.exceptions import PhasesRequired
from reversible_migrations.models import Event, Run
from reversible_migrations.states import Phase
from tests.load.conftest import Session
from tests.management.conftest import command
from tests.phases.conftest import PEOPLE, applied, columns, phased, table
from tests.situations.moments import some_of
from tests.situations.running import ended_process, killed_at, statements_of

FULL = [f"{first} {last}" for first, last in PEOPLE]


def up_to(phase):
    """Run up to ``phase``; return the exit status."""
    try:
        phased("--phase", phase, verbosity=0)
    except CommandError as error:
        return error.returncode
    return 0


def undo(*arguments):
    return command("safe_rollback", "depot", *arguments, "--noinput", verbosity=0)


def full_names():
    with connection.cursor() as cursor:
        cursor.execute('SELECT "full" FROM depot_person ORDER BY id')
        return [name for (name,) in cursor.fetchall()]


@pytest.mark.usefixtures("depot")
class TestPhases:
    def test_one_by_one_each_does_its_own_part(self):
        up_to("prepare")
        assert (full_names(), applied()) == ([None] * 5, ["0001"])

        up_to("migrate_data")
        assert (full_names(), applied()) == (FULL, ["0001"])

        up_to("switch")
        assert (dict(table()[0])["full"], table()[1], applied()) == (False, ["depot_person_last"], ["0001"])

        up_to("cleanup")
        assert (table()[1], applied()) == ([], ["0001", "0002", "0003"])

    def test_all_in_one_go_end_the_same(self):
        up_to("cleanup")
        in_one_go = table()
        undo("0001")
        for phase in Phase:
            up_to(phase.label)

        assert table() == in_one_go

    def test_what_depends_on_it_waits_and_the_status_says_so(self):
        status = up_to("prepare")

        assert (status, "age" in columns()) == (3, False)
        assert up_to("cleanup") == 0

    def test_the_status_is_0_if_nothing_of_the_phase_has_to_wait(self):
        assert [phased("0002", "--phase", phase.label, verbosity=0) for phase in Phase]
        assert applied() == ["0001", "0002"]

    def test_called_again_nothing_is_run_twice(self):
        up_to("migrate_data")
        runs = Run.objects.count()

        up_to("migrate_data")
        up_to("prepare")

        assert Run.objects.count() == runs

    def test_plain_migrate_does_what_is_left(self):
        up_to("migrate_data")

        command("migrate", "depot", verbosity=0)

        assert (applied(), full_names()) == (["0001", "0002", "0003"], FULL)

    def test_plain_migrate_is_refused_where_phases_are_required_and_there_are_rows(self, settings):
        settings.REVERSIBLE_MIGRATIONS = {"REQUIRE_PHASED": True}
        with pytest.raises(PhasesRequired, match="migrate_data, switch, cleanup") as refused:
            command("migrate", "depot", verbosity=0)
        with connection.cursor() as cursor:
            untouched = columns()
            cursor.execute("DELETE FROM depot_person")

        command("migrate", "depot", verbosity=0)

        assert "migrate_phased --phase prepare" in str(refused.value)
        assert "full" not in untouched
        assert applied() == ["0001", "0002", "0003"]

    def test_fake_records_it_and_runs_nothing(self):
        phased("--phase", "cleanup", "--fake", verbosity=0)

        assert (applied(), "full" in columns()) == (["0001", "0002", "0003"], False)

    def test_receivers_of_post_migrate_see_the_models_as_the_database_has_them(self):
        seen = []

        def note(apps, **options):
            model = apps.get_model("depot", "Person")
            seen.append([field.name for field in model._meta.fields])

        post_migrate.connect(note, sender=None)
        try:
            up_to("prepare")
        finally:
            post_migrate.disconnect(note, sender=None)

        assert seen[-1] == ["id", "first", "last", "full"]


@pytest.mark.usefixtures("depot")
class TestUndo:
    def test_to_a_phase_brings_back_schema_and_rows(self):
        phased("0002", "--phase", "prepare", verbosity=0)
        prepared = table()
        up_to("cleanup")

        undo("--to-phase", "prepare")

        assert (table(), applied()) == (prepared, ["0001"])

    def test_of_everything_brings_back_the_start(self):
        start = table()
        up_to("cleanup")

        undo("0001")

        assert (table(), applied()) == (start, ["0001"])

    def test_of_an_unfinished_one_undoes_the_phases_it_has_done(self):
        start = table()
        up_to("migrate_data")

        undo("0001")

        assert table() == start

    def test_plain_migrate_backwards_undoes_all_phases(self):
        start = table()
        up_to("cleanup")

        command("migrate", "depot", "0001", verbosity=0)

        assert (table(), applied()) == (start, ["0001"])

    def test_undone_phases_run_again(self):
        up_to("cleanup")
        end = table()

        undo("--to-phase", "prepare")
        up_to("cleanup")

        assert (table(), applied()) == (end, ["0001", "0002", "0003"])

    def test_a_dry_run_says_which_phases(self):
        up_to("switch")

        shown = command("safe_rollback", "depot", "--to-phase", "prepare", "--dry-run")

        assert "only switch, migrate_data" in shown
        assert full_names() == FULL

    def test_of_phases_of_a_migration_without_any_is_refused(self):
        up_to("cleanup")

        with pytest.raises(CommandError, match="has no phases"):
            undo("0001", "--to-phase", "prepare")


@pytest.mark.usefixtures("depot")
class TestShown:
    def test_without_a_phase_nothing_is_run(self):
        start = table()

        shown = phased()

        assert [line.split() for line in shown.splitlines()] == [
            ["migration", "prepare", "migrate_data", "switch", "cleanup"],
            ["depot.0002_full_name", *["to", "do"] * 4],
            ["depot.0003_age", "to", "do", "-", "-", "-"],
        ]
        assert table() == start

    def test_what_waits_is_told_with_what_it_waits_for(self):
        with pytest.raises(CommandError, match=r"depot\.0003_age must wait"):
            phased("--phase", "prepare")

    def test_a_dry_run_shows_the_sql_and_runs_nothing(self):
        start = table()

        shown = phased("--phase", "prepare", "--dry-run")

        assert 'ADD COLUMN "full" varchar(201) NULL' in shown
        assert "1. depot.0002_full_name (prepare)" in shown
        assert (table(), Run.objects.count()) == (start, 0)

    def test_as_json_it_is_one_object(self):
        phased("0002", "--phase", "prepare", verbosity=0)

        facts = json.loads(phased("--json"))
        planned = json.loads(phased("--phase", "switch", "--dry-run", "--json"))

        assert facts["migrations"][0] == {
            "name": "depot.0002_full_name",
            "phases": ["prepare", "migrate_data", "switch", "cleanup"],
            "done": ["prepare"],
        }
        assert [(step["phase"], bool(step["sql"])) for step in planned["steps"]] == [
            ("migrate_data", True),
            ("switch", True),
        ]
        assert planned["waiting"][1] == {
            "migration": "depot.0003_age",
            "phase": "prepare",
            "behind": "depot.0002_full_name",
            "behind_phase": "cleanup",
            "is_due": True,
        }

    @pytest.mark.parametrize(
        "arguments", [("--phase", "later"), ("--dry-run",), ("0009",)], ids=["no phase", "no --phase", "no migration"]
    )
    def test_arguments_that_make_no_sense_change_nothing(self, arguments):
        start = table()

        with pytest.raises(CommandError):
            phased(*arguments)

        assert (table(), Run.objects.count()) == (start, 0)


@pytest.mark.usefixtures("depot")
class TestKilled:
    def test_at_any_statement_it_goes_on_to_the_same_end_or_back_to_the_start(self):
        start = table()
        count = statements_of(quietly, "--phase", "cleanup")
        end = table()
        undo("0001")

        for statement in some_of(range(1, count, 11), 5):
            assert killed_at(statement, quietly, "--phase", "cleanup")
            if statement % 2:
                undo("0001")
                assert (table(), applied()) == (start, ["0001"])
            up_to("cleanup")
            assert (table(), applied()) == (end, ["0001", "0002", "0003"])
            undo("0001")

    def test_while_phases_are_undone_it_goes_on_undoing(self):
        phased("0002", "--phase", "prepare", verbosity=0)
        prepared = table()
        up_to("cleanup")
        count = statements_of(undo, "--to-phase", "prepare")
        up_to("cleanup")

        for statement in some_of(range(1, count, 8), 5):
            killed_at(statement, undo, "--to-phase", "prepare")
            undo("--to-phase", "prepare")
            assert (table(), applied()) == (prepared, ["0001"])
            up_to("cleanup")


def quietly(*arguments):
    phased(*arguments, "--no-verify", verbosity=0)


@pytest.mark.usefixtures("depot")
class TestTwoDeploys:
    def test_the_second_ends_with_who_holds_the_phase(self):
        with pytest.raises(CommandError, match="is being run forwards by process"):
            self.beside_a_living_one("depot.0002_full_name", Phase.PREPARE)

    def test_an_ordinary_migration_is_held_too(self):
        phased("0002", "--phase", "cleanup", verbosity=0)

        with pytest.raises(CommandError, match="is being run forwards by process"):
            self.beside_a_living_one("depot.0003_age", Phase.PREPARE)

        assert "age" not in columns()

    def test_one_whose_process_is_gone_is_followed(self):
        phased("0002", "--phase", "cleanup", verbosity=0)
        Run.objects.create(
            app="depot", name="0003_age", phase=1, direction="forwards", holds="depot.0003_age", owner=ended_process()
        )

        up_to("cleanup")

        assert applied() == ["0001", "0002", "0003"]
        assert Run.objects.get(name="0003_age").status == "done"

    def beside_a_living_one(self, holds, phase):
        from tests.management.test_safe_rollback import living_process

        app, _, name = holds.partition(".")
        with living_process() as owner:
            Run.objects.create(app=app, name=name, phase=phase, direction="forwards", holds=holds, owner=owner)
            phased("--phase", "cleanup", verbosity=0)


@pytest.mark.usefixtures("depot")
class TestBackup:
    def test_is_there_before_anything_runs_and_can_be_read(self, tmp_path):
        phased("0002", "--phase", "prepare", "--backup", str(tmp_path))

        (saved,) = tmp_path.iterdir()
        assert rows_of_backup(saved) == 5

    def test_is_not_made_where_nothing_runs(self, tmp_path):
        up_to("cleanup")

        phased("--phase", "cleanup", "--backup", str(tmp_path))

        assert list(tmp_path.iterdir()) == []

    def test_that_fails_runs_nothing_and_leaves_nothing(self, tmp_path):
        start = table()
        place = tmp_path / "a file"
        place.write_text("")

        with pytest.raises(CommandError, match=r"could not be backed up .* Nothing was run"):
            phased("0002", "--phase", "prepare", "--backup", str(place))

        assert (table(), list(tmp_path.iterdir())) == (start, [place])

    def test_comes_before_an_undo_too(self, tmp_path):
        up_to("cleanup")

        undo("0001", "--backup", str(tmp_path))

        assert len(list(tmp_path.iterdir())) == 1


def rows_of_backup(path):
    """Return how many people are in a backup."""
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(path)) as copy:
            return copy.execute("SELECT count(*) FROM depot_person").fetchone()[0]
    dumped = subprocess.run(
        ["pg_restore", "--data-only", "--table=depot_person", "--file=-", str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return sum(line.count("\t") == 2 for line in dumped.stdout.splitlines())


@pytest.mark.usefixtures("depot")
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, which the lease knows")
class TestLocksOfOrdinaryMigrations:
    def test_are_asked_for_briefly_and_again_until_they_are_had(self):
        phased("0002", "--phase", "cleanup", verbosity=0)
        session = Session()
        session.begin("BEGIN; SELECT * FROM depot_person LIMIT 1")
        ending = threading.Timer(1.0, lambda: [session.end(), connection.close()])
        ending.start()

        up_to("cleanup")
        ending.join()

        assert applied() == ["0001", "0002", "0003"]
        waits = [event.text for event in Event.objects.filter(kind="wait", run__name="0003_age")]
        assert waits == ["waiting for a lock that another session holds"]


def test_a_new_database_is_made_without_a_ledger_at_first_and_in_one_go(tmp_path):
    url = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings.sqlite", "SQLITE_URL": url}

    def manage(*arguments):
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    first = manage("migrate_phased", "contenttypes", "0001", "--phase", "prepare")
    rest = manage("migrate_phased", "--phase", "cleanup", "--verbosity", "2")
    left = manage("migrate_phased")

    assert (first.returncode, first.stdout.strip()) == (0, "Applying contenttypes.0001_initial... OK")
    assert rest.returncode == 0, rest.stderr
    assert left.stdout.strip() == "Every migration is applied."
