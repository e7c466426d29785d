"""
Findings that were there before the lint was: a file holds them, and only new ones count.

    {"version": 1, "findings": [{"code", "app", "migration", "operation", "fingerprint"}, ...]}

An entry fits a finding of the same rule and migration whose operation has the same source, wherever it has moved to in
the file; "operation" is for readers. An entry that fits nothing any more is said.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..exceptions import CannotLint
from .finding import Finding
from .linter import Report
from .linter_rules import LINTER_RULES, STALE_BASELINE
from .options import Options
from .project import Project

VERSION = 1
KEYS = ("code", "app", "migration", "fingerprint")
NEVER_KEPT = {rule.code for rule in LINTER_RULES}

Entry = tuple[str, ...]


def write_baseline(path: Path, report: Report) -> int:
    """Write the findings of ``report`` to a file; return how many. What the linter itself says stays out."""
    kept = [finding for finding in report.findings if finding.code not in NEVER_KEPT]
    entries = [
        {
            "code": finding.code, "app": finding.app, "migration": finding.migration, "operation": finding.operation,
            "fingerprint": finding.fingerprint,
        }
        for finding in kept
    ]  # fmt: skip
    entries.sort(key=lambda entry: [str(value) for value in entry.values()])
    path.write_text(json.dumps({"version": VERSION, "findings": entries}, indent=2) + "\n")
    return len(kept)


def apply_baseline(path: Path, report: Report, projects: Sequence[Project], options: Options) -> None:
    """Take what the file accepts out of the findings, and add one for each entry that fits nothing any more."""
    left = Counter(read_baseline(path))
    findings = []
    for finding in report.findings:
        entry = (finding.code, finding.app, finding.migration, finding.fingerprint)
        if left[entry]:
            left[entry] -= 1
            report.accepted.append(finding)
        else:
            findings.append(finding)
    stale = [entry for entry in left.elements() if _is_judged(entry, report, projects, options)]
    report.findings = [*findings, *(_stale(path, entry) for entry in stale)]


def read_baseline(path: Path) -> list[Entry]:
    """Return the entries of a file; raise ``CannotLint`` if it is none."""
    try:
        given: Any = json.loads(path.read_text())
        if given["version"] != VERSION:
            raise _no_baseline(path, f"has the version {given['version']!r}, and {VERSION} is read")
        return [tuple(str(entry[key]) for key in KEYS) for entry in given["findings"]]
    except OSError as error:
        raise _no_baseline(path, f"cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise _no_baseline(path, "is no baseline") from error


def _no_baseline(path: Path, what: str) -> CannotLint:
    return CannotLint(f"--baseline {path}", f"{what}.", "Nothing was told.", "Write one with --write-baseline.")


def _is_judged(entry: Entry, report: Report, projects: Sequence[Project], options: Options) -> bool:
    """Return whether what was looked at tells that an entry is stale."""
    code, app, migration, _ = entry
    if code not in {rule.code for rule in options.rules} and options.is_narrowed:
        return False
    looked_at = {(subject.app_label, subject.name) for subject in report.migrations}
    is_gone = all(each.is_whole and (app, migration) not in each.migrations for each in projects)
    return is_gone or (app, migration) in looked_at


def _stale(path: Path, entry: Entry) -> Finding:
    code, app, migration, _ = entry
    return Finding(
        STALE_BASELINE.code, STALE_BASELINE.name, STALE_BASELINE.level, app, migration, None,
        f"The baseline accepts {code} here, which is not found any more.", "Write it anew with --write-baseline.",
        str(path),
    )  # fmt: skip
