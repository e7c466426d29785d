"""
Commands of GitHub Actions, which shows each finding beside its line.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from ...states import Level
from ..finding import Finding
from ..linter import Report
from ..paths import from_root, is_file_name
from .text import summary

NAME = "github"
COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "notice"}


def written(report: Report) -> str:
    return "\n".join([*(command_of(finding) for finding in report.findings), summary(report)])


def command_of(finding: Finding) -> str:
    """Return ``::warning file=...,line=...,title=...::text`` for a finding, on one line."""
    place = {"file": from_root(finding.path), "line": str(finding.line)} if is_file_name(finding.path) else {}
    given = {**place, "title": f"{finding.code} {finding.name}"}
    properties = ",".join(f"{name}={escaped_property(value)}" for name, value in given.items())
    number = f", operation {finding.operation}" if finding.operation else ""
    text = f"{finding.where}{number}: {finding.message}\n{finding.hint}".rstrip()
    return f"::{COMMANDS[finding.level]} {properties}::{escaped(text)}"


def escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escaped_property(text: str) -> str:
    return escaped(text).replace(":", "%3A").replace(",", "%2C")
