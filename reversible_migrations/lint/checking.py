"""The lint as a whole: what is looked at, by which rules, and against what."""

from collections.abc import Collection
from pathlib import Path

from ..exceptions import CannotLint
from .baseline import apply_baseline, write_baseline
from .fixing import planned_fixes, refuse_without_libcst
from .linter import Report, lint
from .options import options_asked
from .project import loaded_project
from .since import keep_since
from .source_project import source_projects


def check_migrations(
    apps: Collection[str] = (),
    *,
    sources: Collection[str] | None = None,
    all_apps: bool = False,
    rules: Collection[str] = (),
    since: str = "",
    baseline: str = "",
    writes_baseline: bool = False,
    plans_fixes: bool = False,
) -> Report:
    """
    Return what is found in the migrations of ``apps``, of the project's own apps, or in the files of ``sources``.

    ``sources`` are read without importing them. ``since`` is a git reference, ``baseline`` a file of findings that are
    accepted; with ``writes_baseline`` it is written from what is found. Raise ``CannotLint`` where that cannot be done.
    With ``plans_fixes`` the report has ``fixes``, of what neither a comment nor the baseline accepts; none is written.
    """
    if apps and sources:
        raise CannotLint("--source", "names files beside apps.", "Nothing was looked at.", "Name either apps or files.")
    if sources is not None and not sources:
        raise CannotLint("--source", "has no file.", "Nothing was looked at.", "Name files or folders behind it.")
    if writes_baseline and not baseline:
        raise CannotLint("--write-baseline", "has no file.", "Nothing was looked at.", "Name it with --baseline.")
    if plans_fixes:
        refuse_without_libcst()
    options = options_asked(rules)
    projects = source_projects(sources) if sources else [loaded_project(apps, all_apps)]
    report = Report(rules=tuple(options.rules))
    for project in projects:
        if since:
            keep_since(project, since)
        report.add(lint(project, options))
    if baseline and writes_baseline:
        write_baseline(Path(baseline), report)
    if baseline:
        apply_baseline(Path(baseline), report, projects, options)
    if plans_fixes:
        report.fixes = planned_fixes(projects, report.findings)
    return report
