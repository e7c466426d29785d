"""JUnit's XML: a test case for each migration, failing from the level that the command fails on."""

from io import StringIO
from xml.etree import ElementTree

import pytest
from django.core.management import call_command

from reversible_migrations.lint.finding import Finding
from reversible_migrations.lint.linter import Report
from reversible_migrations.lint.report import formats
from reversible_migrations.states import Level


def suites_of(*arguments):
    output = StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command("check_reversibility", "--source", "shop", "--format", "junit", *arguments, stdout=output)
    return ElementTree.fromstring(output.getvalue())


def test_every_migration_is_a_case_of_its_app(shop):
    suites = suites_of()

    cases = [(case.get("classname"), case.get("name"), case.get("file")) for case in suites.iter("testcase")]
    assert cases == [
        ("shop", "0001_initial", "shop/migrations/0001_initial.py"),
        ("shop", "0002_x", "shop/migrations/0002_x.py"),
    ]
    assert [(each.tag, each.get("tests"), each.get("failures")) for each in (suites, suites[0])] == [
        ("testsuites", "2", "1"), ("testsuite", "2", "1"),
    ]  # fmt: skip


def test_what_the_command_does_not_fail_on_is_output(shop):
    (failure,) = suites_of().iter("failure")
    (output,) = suites_of().iter("system-out")

    assert (failure.get("type"), failure.get("message")) == (
        "RM102", "RunSQL(UPDATE) has no reverse: this migration cannot be undone.",
    )  # fmt: skip
    assert failure.text.splitlines()[0] == "shop/migrations/0002_x.py:9: error RM102 (irreversible-sql), operation 1"
    assert "RM105" in output.text


def test_all_that_it_fails_on_is_one_failure(shop):
    suites = suites_of("--fail-on", "warning")

    (failure,) = suites.iter("failure")
    assert failure.get("type") == "RM102, RM105"
    assert 'ops.RetireField("product", "price")' in failure.text
    assert list(suites.iter("system-out")) == []


def test_a_finding_about_no_migration_is_a_case_too():
    finding = Finding("RM001", "x", Level.ERROR, "shop", "", None, "cannot be imported", path="shop.migrations")

    (case,) = ElementTree.fromstring(formats()["junit"].written(Report([finding]))).iter("testcase")

    assert (case.get("classname"), case.get("name"), case.get("file")) == ("shop", "migrations", None)


def test_what_xml_cannot_hold_does_not_break_it():
    odd = 'a < b & "c" \x00\x1b\ufffe\ud800 é'
    finding = Finding("RM1", "x", Level.ERROR, "shop", "0002_x", None, odd, odd, path="/a/b.py")

    (failure,) = ElementTree.fromstring(formats()["junit"].written(Report([finding]))).iter("failure")

    assert failure.get("message") == 'a < b & "c" ???? é'
