"""
SARIF 2.1.0, which GitHub, GitLab, Azure DevOps and editors read.

Findings that a comment or a baseline accepts are in it as suppressed results, so that a reader closes them.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ...states import Level
from ..finding import Finding
from ..linter import Report
from ..linter_rules import LINTER_RULES
from ..paths import is_file_name, root, uri_of
from ..registry import Rule

NAME = "sarif"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}
BASE = "%SRCROOT%"


def written(report: Report) -> str:
    rules = [*LINTER_RULES, *report.rules]
    run = {
        "tool": {"driver": {**_driver(), "rules": [_described(rule) for rule in rules]}},
        "originalUriBaseIds": {BASE: {"uri": f"{root().as_uri()}/"}},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True}],
        "results": list(_results(report, [rule.code for rule in rules])),
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _driver() -> dict[str, Any]:
    try:
        return {"name": "check_reversibility", "version": version("reversible-migrations")}
    except PackageNotFoundError:  # run from its source
        return {"name": "check_reversibility"}


def _described(rule: Rule) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.description},
        "help": {"text": f"See {rule.page}." if rule.is_own else rule.description},
        "defaultConfiguration": {"level": LEVELS[rule.level]},
    }
    return {**facts, "helpUri": rule.link} if rule.link else facts


def _results(report: Report, codes: list[str]) -> Iterator[dict[str, Any]]:
    seen: Counter[str] = Counter()
    found = [(finding, None) for finding in report.findings]
    accepted = [(finding, _suppression(finding)) for finding in report.accepted]
    for finding, suppression in (*found, *accepted):
        told = " ".join((finding.code, finding.where, finding.fingerprint))
        seen[told] += 1
        result: dict[str, Any] = {
            "ruleId": finding.code,
            "level": LEVELS[finding.level],
            "message": {"text": f"{finding.message}\n{finding.hint}".rstrip()},
            "locations": [_location(finding)],
            "partialFingerprints": {"migrationOperation/v1": _digest(f"{told} {seen[told]}")},
        }
        if finding.code in codes:  # one of a baseline may be of a rule that was not asked
            result["ruleIndex"] = codes.index(finding.code)
        if suppression:
            result["suppressions"] = [suppression]
        yield result


def _location(finding: Finding) -> dict[str, Any]:
    number = f".{finding.operation}" if finding.operation else ""
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": f"{finding.where}{number}"}]}
    if is_file_name(finding.path):
        uri = uri_of(finding.path)
        artifact = {"uri": uri} if uri.startswith("file:") else {"uri": uri, "uriBaseId": BASE}
        location["physicalLocation"] = {"artifactLocation": artifact, "region": _region(finding)}
    return location


def _region(finding: Finding) -> dict[str, int]:
    ends = [last for first, last in finding.spans if first == finding.line]
    return {"startLine": finding.line, "endLine": max(ends, default=finding.line)}


def _suppression(finding: Finding) -> dict[str, str]:
    if finding.accepted_because:
        return {"kind": "inSource", "status": "accepted", "justification": finding.accepted_because}
    return {"kind": "external", "status": "accepted", "justification": "It is in the baseline."}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
