"""``verify_migrations``: words, JSON, exit status; and that it changes nothing."""

import io
import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from reversible_migrations.databases import catalogue_of, database
from reversible_migrations.models import JournalTable
from reversible_migrations.verification import verify
from tests.management.conftest import books
from tests.management.test_safe_rollback import migrate
from tests.situations.snapshots import journal_tables
from tests.verification.faults import planted, reset_sequences, run_sql

pytestmark = pytest.mark.usefixtures("library")


def told(*arguments):
    """Return what the command writes, and its exit status."""
    out = io.StringIO()
    try:
        call_command("verify_migrations", *arguments, stdout=out)
    except SystemExit as end:
        return out.getvalue(), end.code
    return out.getvalue(), 0


def healthy():
    migrate("0003")
    reset_sequences()
    run_sql("UPDATE reversible_migrations_step SET rows_failed = 0")


class TestWords:
    def test_a_healthy_app_ends_with_one_line_and_0(self):
        healthy()

        text, status = told("library")

        assert status == 0
        assert text.splitlines()[-1].startswith("Nothing is wrong by 13 checks of the database 'default' in ")

    def test_faults_are_grouped_by_check_each_with_what_to_do(self):
        healthy()
        run_sql(f"DROP TABLE {JournalTable.objects.first().table_name}")

        text, status = told("library")

        lines = text.splitlines()
        assert status == 1
        assert lines[-1].startswith("Found 1 error by 13 checks")
        place = lines.index("Rollback data:")
        assert lines[place + 1].startswith("  error: library.0002_prices, step 1 (update library.Book): ")
        assert lines[place + 2].startswith("    It cannot be undone from here")

    def test_what_is_unchecked_is_never_said_to_be_fine(self):
        healthy()
        with connection.execute_wrapper(refusing("rm_journal_")):
            text, status = told("library")

        assert status == 0
        assert "could not be checked" in text.splitlines()[-1]
        assert "not all was looked at" in text.splitlines()[-1]


def refusing(word):
    """Return an execute wrapper that lets statements with ``word`` fail as on a missing table."""

    def execute_or_refuse(execute, sql, params, many, context):
        return execute(
            sql.replace('count(*) FROM "rm_', 'count(*) FROM "no_') if word in sql else sql, params, many, context
        )

    return execute_or_refuse


class TestExitStatus:
    def test_a_warning_counts_where_it_is_asked_for(self):
        healthy()
        with planted("CREATE TABLE rm_journal_900_0 (n integer)", cure=["DROP TABLE rm_journal_900_0"]):
            statuses = [told()[1], told("--fail-on", "error")[1], told("--fail-on", "warning")[1]]

        assert statuses == [0, 0, 1]

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["nowhere"], "nowhere: is no app with migrations"),
            (["library", "0009"], "no migration begins with '0009'"),
            (["library", "000"], "more than one migration begins with '000'"),
        ],
    )
    def test_an_unknown_name_is_refused(self, arguments, words):
        with pytest.raises(CommandError, match=words):
            told(*arguments)

    def test_a_database_without_the_ledger_is_refused(self):
        away = "ALTER TABLE reversible_migrations_run RENAME TO aside"
        with (
            planted(away, cure=["ALTER TABLE aside RENAME TO reversible_migrations_run"]),
            pytest.raises(CommandError, match=r"has no tables of reversible_migrations.*migrate reversible_migrations"),
        ):
            told()


class TestJson:
    def test_it_has_all_that_the_words_have(self):
        healthy()
        run_sql(f"DROP TABLE {JournalTable.objects.first().table_name}")

        text, status = told("library", "0002", "--json")

        found = json.loads(text)
        asked = [found[name] for name in ("version", "database", "app", "migration")]
        assert (asked, status) == ([1, "default", "library", "0002"], 1)
        assert [found[name] for name in ("failed", "fine", "errors", "warnings", "unchecked")] == [True, False, 1, 0, 0]
        checks = {check["check"]: check for check in found["checks"]}
        (finding,) = checks["journals"]["findings"]
        assert checks["journals"]["outcome"] == "error"
        assert set(finding) == {"level", "is_unchecked", "where", "message", "hint", "facts"}
        assert finding["facts"]["rows_noted"] == 5


class TestNothingIsChanged:
    def test_rows_ledger_and_tables_are_as_before(self):
        migrate("0003")
        before = books(), journal_tables(), ledger()

        told("--rows", "--conflicts")

        assert (books(), journal_tables(), ledger()) == before

    def test_a_reading_lets_nothing_be_written(self):
        look = catalogue_of(database("default"))

        with pytest.raises(Exception, match=r"read-?only"), look.reading(5):
            run_sql("UPDATE library_book SET price = 0")

        run_sql("UPDATE library_book SET price = 1 WHERE id = 1")
        assert books()[0][0][2] == 1

    def test_cheap_checks_do_not_read_rows_of_the_project(self):
        migrate("0003")
        seen = []

        def note(execute, sql, params, many, context):
            seen.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            names = {
                result.name
                for result in verify("default", migrations=[("library", "0002_prices")], cheap_only=True).results
            }

        assert names.isdisjoint({"conflicts", "references"})
        assert not [
            sql for sql in seen if 'FROM "library_' in sql and "max(" not in sql
        ]  # the greatest key, by its index


def ledger():
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM reversible_migrations_run ORDER BY id")
        runs = cursor.fetchall()
        cursor.execute("SELECT count(*) FROM reversible_migrations_event")
        return runs, cursor.fetchall()
