"""
``manage.py migrate_phased``: migrations phase by phase, so that old and new code run side by side between two.

``--json`` writes, for each database, ``{"version": 1, "database": alias, "phase": name or null, "dry_run": bool,
"backup": path or null, "migrations": [...], "steps": [...], "waiting": [...]}``. ``migrations`` are those that were not
applied, each with ``name``, ``phases`` and the phases ``done`` before. ``steps`` were run, or with ``--dry-run`` would
be, each with ``migration`` and ``phase``, and ``sql`` with ``--dry-run``. ``waiting`` are those with something left:
``migration``, its next ``phase``, ``behind`` and ``behind_phase`` (what it waits for, or null), and ``is_due`` (it
belongs to a phase that was run, and could not).

The exit status is 0 when all of the phase is done, 1 after an error, 2 for arguments that make no sense, 3 when
something of the phase waits for a later phase of another migration.
"""

from argparse import ArgumentTypeError
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import connections

from reversible_migrations.databases import database
from reversible_migrations.load.estimates import size
from reversible_migrations.phases.backup import Backup, back_up
from reversible_migrations.phases.canary import watch
from reversible_migrations.phases.classify import phase_named
from reversible_migrations.phases.executor import PhasedExecutor, target_keys
from reversible_migrations.phases.plan import PhasePlan, PhaseStep, Place, plan
from reversible_migrations.runs.run import has_ledger
from reversible_migrations.states import Phase
from reversible_migrations.verification import Level, verify

from ..ledger_command import LedgerCommand, period
from ..phase_text import place_lines, plan_facts, sql_lines, step_lines, waiting_lines
from ..verification_text import finding_lines, summary


class Command(LedgerCommand):
    help = (
        "Runs migrations phase by phase: prepare, migrate_data, switch, cleanup. Without --phase it shows which "
        "migration has which phases behind it, and what waits for what."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("app_label", nargs="?", help="only this app, and what it depends on")
        parser.add_argument("migration_name", nargs="?", help="only up to this migration of the app")
        parser.add_argument("--phase", metavar="PHASE", help="run everything up to this phase: its name or number")
        parser.add_argument(
            "--backup", metavar="FOLDER", type=Path, help="back the database up into it before anything runs"
        )
        parser.add_argument(
            "--then", metavar="ALIASES", type=aliases, default=[], help="then the same on these databases, one by one"
        )
        parser.add_argument(
            "--watch", metavar="TIME", type=period, help="with --then: how long the gauges are watched before the next"
        )
        parser.add_argument(
            "--no-verify", dest="verify", action="store_false", help="do not verify what ran after each phase"
        )
        parser.add_argument("--dry-run", action="store_true", help="show what would run, with its SQL; run nothing")
        parser.add_argument("--fake", action="store_true", help="mark as applied without running anything")
        parser.add_argument(
            "--fake-initial", action="store_true", help="mark initial migrations whose tables are there as applied"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        up_to = None if options["phase"] is None else phase_named(options["phase"], "--phase")
        refuse_odd(options)
        plans = [self._planned(alias, options) for alias in (options["database"], *options["then"])]
        late: list[str] = []
        for number, (executor, places) in enumerate(plans):
            if number and options["watch"]:
                self._watch(plans[number - 1][0].alias, options)
            if up_to is None or options["dry_run"]:
                self._show(executor, places, up_to, options)
            else:
                late += self._run(executor, places, up_to, options)
        if late and up_to:
            names = ", ".join(dict.fromkeys(late))
            raise CommandError(
                f"Not all of {up_to.label} is done: {names} must wait for later phases of others.", returncode=3
            )

    def _planned(self, alias: str, options: dict[str, Any]) -> tuple[PhasedExecutor, list[Place]]:
        quiet = options["json"] or options["verbosity"] < 1
        executor = PhasedExecutor(alias, None if quiet else self._progress)
        executor.refuse_conflicts()
        return executor, executor.places(target_keys(executor.loader, options["app_label"], options["migration_name"]))

    def _show(
        self, executor: PhasedExecutor, places: list[Place], up_to: Phase | None, options: dict[str, Any]
    ) -> None:
        found = plan(places, up_to) if up_to else PhasePlan(waiting=plan(places, Phase.PREPARE).waiting)
        steps = [(step, executor.sql_of(step)) for step in found.steps]
        if options["json"]:
            facts = plan_facts(places, found)
            for fact, (_, sql) in zip(facts["steps"], steps, strict=True):
                fact["sql"] = sql
            self._write(executor.alias, facts, up_to, None, options)
            return
        self._head(executor.alias, options)
        lines = [*step_lines(found.steps), *sql_lines(steps), *waiting_lines(found.waiting)]
        for line in place_lines(places) if up_to is None else lines:
            self.stdout.write(line)

    def _run(self, executor: PhasedExecutor, places: list[Place], up_to: Phase, options: dict[str, Any]) -> list[str]:
        """Run it; return the names of what should have run and had to wait."""
        self._head(executor.alias, options)
        has_steps = bool(plan(places, up_to).steps)
        saved = back_up(executor.alias, options["backup"]) if options["backup"] and has_steps else None
        if saved is not None and not options["json"]:
            self.stdout.write(f"Backup of {executor.alias}: {saved.path} ({size(saved.bytes)}).")
        verbosity = 0 if options["json"] else options["verbosity"]
        fakes = {"fake": options["fake"], "fake_initial": options["fake_initial"]}
        after = partial(self._verify, executor.alias, options) if options["verify"] and not options["fake"] else None
        done = executor.run(places, up_to, verbosity, self.stdout, after_phase=after, **fakes)
        if options["json"]:
            self._write(executor.alias, plan_facts(places, done), up_to, saved, options)
        else:
            for line in waiting_lines(done.waiting):
                self.stdout.write(line)
        return [each.name for each in done.waiting if each.is_due]

    def _verify(self, alias: str, options: dict[str, Any], phase: Phase, steps: list[PhaseStep]) -> None:
        """Raise ``CommandError`` if what a phase has done does not hold; the phases behind it are not begun."""
        if not has_ledger(database(alias)):
            return
        report = verify(alias, migrations=[step.key for step in steps], cheap_only=True)
        wrong = [finding for finding in report.findings if finding.level == Level.ERROR]
        if wrong:
            lines = "\n".join(line for finding in wrong for line in finding_lines(finding))
            raise CommandError(
                f"{phase.label} is done on {alias!r}, but does not verify. Nothing after it was run.\n{lines}"
            )
        if options["verbosity"] > 1 and not options["json"]:
            self.stdout.write(f"  {summary(report)}")

    def _watch(self, alias: str, options: dict[str, Any]) -> None:
        tell = (lambda text: None) if options["json"] else self.stdout.write
        if not options["json"]:
            self.stdout.write(f"Watching {alias} for {options['watch'].total_seconds():,.0f} s.")
        watch(alias, options["watch"].total_seconds(), tell)

    def _head(self, alias: str, options: dict[str, Any]) -> None:
        if options["then"] and options["verbosity"] and not options["json"]:
            self.stdout.write(self.style.MIGRATE_HEADING(f"Database {alias}:"))

    def _write(
        self, alias: str, facts: dict[str, Any], up_to: Phase | None, saved: Backup | None, options: dict[str, Any]
    ) -> None:
        head = {"database": alias, "phase": up_to.label if up_to else None, "dry_run": options["dry_run"]}
        self.write_json({**head, "backup": str(saved.path) if saved else None, **facts})

    def _progress(self, action: str, migration: Any = None, detail: Any = None) -> None:
        if action in ("apply_start", "phase_start"):
            phase = f" ({detail.label})" if action == "phase_start" else ""
            self.stdout.write(f"  Applying {migration}{phase}...", ending="")
            self.stdout.flush()
        elif action in ("apply_success", "phase_success"):
            self.stdout.write(self.style.SUCCESS(" FAKED" if detail is True else " OK"))


def refuse_odd(options: dict[str, Any]) -> None:
    """Raise ``CommandError`` with status 2 for options that do not go together."""
    if options["phase"] is None and (options["dry_run"] or options["backup"] or options["watch"]):
        raise CommandError("--dry-run, --backup and --watch go with --phase.", returncode=2)
    if options["watch"] and not options["then"]:
        raise CommandError("--watch goes with --then.", returncode=2)
    if options["database"] in options["then"]:
        raise CommandError("--then names the database that comes first.", returncode=2)


def aliases(text: str) -> list[str]:
    """Return the database aliases in a list with commas; for argparse."""
    found = [alias.strip() for alias in text.split(",")]
    for alias in found:
        if alias not in connections:
            raise ArgumentTypeError(f"there is no database {alias!r}; there are {', '.join(connections)}.")
    return found
