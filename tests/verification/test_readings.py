"""What is found while others are at work is read again before it is called a fault."""

from itertools import count

import pytest

from reversible_migrations.states import Level
from reversible_migrations.verification.finding import error
from reversible_migrations.verification.inspection import READINGS, moment, read_at_rest
from reversible_migrations.verification.report import CheckResult, Report
from tests.management.test_safe_rollback import migrate
from tests.verification.faults import run_sql

FINE = Report("default", [CheckResult("schema", "Schema", "tables", 1, 0.1)])
FAULTY = Report("default", [CheckResult("schema", "Schema", "tables", 1, 0.1, (error("book", "is missing.", ""),))])


def reading(*reports):
    """Return what reads one report after the other, and the list of those that were read."""
    left, read = list(reports), []

    def next_one():
        read.append(left.pop(0))
        return read[-1]

    return next_one, read


def test_a_fault_that_is_gone_once_others_have_ended_is_none():
    read, done = reading(FAULTY, FINE)

    found = read_at_rest(read, count().__next__)

    assert found.is_fine
    assert len(done) == 2


def test_a_fault_is_one_at_the_first_reading_where_nobody_is_at_work():
    read, done = reading(FAULTY)

    assert read_at_rest(read, lambda: "always").count(Level.ERROR) == 1
    assert len(done) == 1


def test_a_fault_stays_one_however_long_others_are_at_work():
    read, done = reading(*[FAULTY] * READINGS)

    assert read_at_rest(read, count().__next__).count(Level.ERROR) == 1
    assert len(done) == READINGS


@pytest.mark.usefixtures("library")
class TestMoment:
    def test_it_is_another_one_behind_every_migration(self):
        moments = [moment("default")]
        for name in ("0002", "0003"):
            migrate(name)
            moments.append(moment("default"))

        assert len({repr(each) for each in moments}) == len(moments)

    def test_it_is_another_one_behind_every_statement_of_a_step(self):
        migrate("0003")
        before = moment("default")

        run_sql("UPDATE reversible_migrations_step SET statements_done = statements_done + 1")

        assert moment("default") != before

    def test_it_is_the_same_while_rows_are_counted(self):
        migrate("0003")
        before = moment("default")

        run_sql("UPDATE reversible_migrations_step SET rows_done = rows_done + 1")

        assert moment("default") == before
