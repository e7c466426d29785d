"""
``manage.py check_reversibility``: which migrations cannot be undone or would hurt a live site, and what to write.

It needs no database. ``--source`` reads files without importing them; without the project's settings that is
``python -m reversible_migrations.lint``.

The exit status is 0, 1 with findings of the level of ``--fail-on`` or worse, 2 if it could not run.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from reversible_migrations.lint.checking import check_migrations
from reversible_migrations.lint.fixing import Fixes, difference, relative, write
from reversible_migrations.lint.linter import Report
from reversible_migrations.lint.report import formats
from reversible_migrations.states import Level


class Command(BaseCommand):
    help = (
        "Looks for migrations that cannot be undone or would hurt a live site, says why, and what to write instead. "
        "Needs no database; changes nothing without --fix."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        add = parser.add_argument
        add(
            "apps",
            nargs="*",
            help="look at these apps only (default: the project's own); with --source, at these files and folders",
        )
        add("--all-apps", action="store_true", help="look at installed packages too")
        add("--source", action="store_true", help="read the files or folders that are named, without importing them")
        add("--format", choices=list(formats()), default="text", help="how findings are written (default: text)")
        add(
            "--fail-on", choices=[str(level) for level in Level], default=str(Level.ERROR),
            help="end with 1 from this level on (default: error)",
        )  # fmt: skip
        add("--rule", action="append", default=[], metavar="CODE", help="check this rule only; may be given again")
        add(
            "--since", default="", metavar="REF", help="only migrations that are new or changed against a git reference"
        )
        add("--baseline", default="", metavar="FILE", help="accept the findings that this file holds")
        add("--write-baseline", action="store_true", help="write what is found into the file of --baseline")
        fixing = parser.add_mutually_exclusive_group()
        fixing.add_argument(
            "--fix", action="store_true", help="rewrite what has one right answer, and say what is left"
        )
        fixing.add_argument("--diff", action="store_true", help="show what --fix would write, and write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        report = check_migrations(
            () if options["source"] else options["apps"],
            sources=options["apps"] if options["source"] else None,
            all_apps=options["all_apps"],
            rules=options["rule"],
            since=options["since"],
            baseline=options["baseline"],
            writes_baseline=options["write_baseline"],
            plans_fixes=options["fix"] or options["diff"],
        )
        report.fail_on = Level(options["fail_on"])
        if options["diff"]:
            self._show(report.fixes)
        elif options["fix"]:
            self._write(report)
        if not options["diff"]:
            self.stdout.write(formats()[options["format"]].written(report))
        if report.fails_on(report.fail_on):
            raise SystemExit(1)

    def _show(self, fixes: Fixes) -> None:
        for rewrite in fixes.rewrites:
            self.stdout.write(difference(rewrite), ending="")
        self._say_what_is_left(fixes)

    def _write(self, report: Report) -> None:
        for rewrite in report.fixes.rewrites:
            write(rewrite)
            codes = ", ".join(f"{finding.code} (operation {finding.operation})" for finding in rewrite.mended)
            self.stderr.write(f"{relative(rewrite.path)}: mended {codes}")
        mended = set(map(id, report.fixes.mended))
        report.findings = [finding for finding in report.findings if id(finding) not in mended]
        self._say_what_is_left(report.fixes)

    def _say_what_is_left(self, fixes: Fixes) -> None:
        for finding, why in fixes.left:
            self.stderr.write(f"{finding.where}, operation {finding.operation}: {finding.code} is left to you: {why}.")
