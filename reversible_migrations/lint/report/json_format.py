"""JSON for programs: ``{"version": 1, "findings": [...]}``; a new version is a change that old readers notice."""

import json
from typing import Any

from ..finding import Finding
from ..linter import Report

NAME = "json"
VERSION = 1


def written(report: Report) -> str:
    return json.dumps({"version": VERSION, "findings": [facts(finding) for finding in report.findings]}, indent=2)


def facts(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code, "level": str(finding.level), "app": finding.app, "migration": finding.migration,
        "operation": finding.operation, "message": finding.message, "hint": finding.hint, "path": finding.path,
        "line": finding.line,
    }  # fmt: skip
