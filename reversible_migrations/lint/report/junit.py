"""
JUnit's XML, as GitLab, Jenkins and others read it: every migration that was looked at is a test case.

It fails with findings of the level that the command fails on or worse, all of them in one failure, for some readers
show the first one only. The others are its output.
"""

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from ..finding import Finding
from ..linter import Report
from ..paths import from_root, is_file_name

NAME = "junit"
DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Case = tuple[str, str, str]  # app, migration, path


def written(report: Report) -> str:
    cases: dict[Case, list[Finding]] = {
        (subject.app_label, subject.name, subject.path): [] for subject in report.migrations
    }
    for finding in report.findings:
        cases.setdefault((finding.app, finding.migration, finding.path), []).append(finding)
    suite = ElementTree.Element("testsuite", name="check_reversibility")
    for case, findings in cases.items():
        _add_case(suite, case, findings, report)
    failed = len(suite.findall("testcase/failure"))
    suites = ElementTree.Element("testsuites", name="check_reversibility")
    for element in (suites, suite):
        element.attrib.update(tests=str(len(cases)), failures=str(failed), errors="0", skipped="0")
    suites.append(suite)
    ElementTree.indent(suites)
    return DECLARATION + ElementTree.tostring(suites, encoding="unicode")


def _add_case(suite: ElementTree.Element, case: Case, findings: Sequence[Finding], report: Report) -> None:
    app, migration, path = case
    element = ElementTree.SubElement(suite, "testcase", classname=clean(app), name=clean(migration) or "migrations")
    if is_file_name(path):
        element.set("file", clean(from_root(path)))
    failing = [finding for finding in findings if finding.level.is_at_least(report.fail_on)]
    others = [finding for finding in findings if finding not in failing]
    if failing:
        codes = ", ".join(dict.fromkeys(finding.code for finding in failing))
        failure = ElementTree.SubElement(element, "failure", type=codes, message=clean(failing[0].message))
        failure.text = in_words(failing)
    if others:
        ElementTree.SubElement(element, "system-out").text = in_words(others)


def in_words(findings: Sequence[Finding]) -> str:
    return clean("\n\n".join(f"{_place(finding)}\n{finding.message}\n{finding.hint}".rstrip() for finding in findings))


def _place(finding: Finding) -> str:
    number = f", operation {finding.operation}" if finding.operation else ""
    return f"{from_root(finding.path)}:{finding.line}: {finding.level} {finding.code} ({finding.name}){number}"


def clean(text: str) -> str:
    """Return a text without the characters that XML cannot hold, escaped or not."""
    return NOT_IN_XML.sub("?", text)
