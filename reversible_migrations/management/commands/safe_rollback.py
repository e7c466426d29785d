"""
``manage.py safe_rollback``: undo migrations, after the whole plan was checked.

``--json`` (with ``--noinput`` or ``--dry-run``) writes ``{"version": 1, "database": alias, "dry_run":
bool, "possible": bool, "undone": bool, "migrations": [...], "faults": [text, ...]}``. A migration, in the order
in which they are undone, has ``name``, ``run`` (null for an ordinary one), ``is_applied`` (whether Django knows it
as applied), ``on_conflict``, ``rows`` and ``conflicts`` (null where they cannot be counted before), ``to_phase``, and
``notes`` (a list of texts).

The exit status is 0 when all is undone, or could be with ``--dry-run``; 1 when it was refused, failed or not confirmed.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from reversible_migrations.load.estimates import size
from reversible_migrations.phases.backup import back_up
from reversible_migrations.phases.classify import phase_named
from reversible_migrations.phases.rollback import RollbackPlan, plan_rollback, roll_back
from reversible_migrations.verification import Level, verify

from ..ledger_command import LedgerCommand, positive
from ..rollback_text import plan_facts, plan_lines
from ..verification_text import finding_lines


class Command(LedgerCommand):
    help = (
        "Undoes migrations and what depends on them, also runs that were never finished. Everything is checked "
        "first: either the whole plan can be undone, or nothing is begun."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("app_label", help="label of the app")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("target", nargs="?", help='undo what comes behind this migration; "zero" undoes all')
        which.add_argument("--run", type=positive, help="undo the migration of this run (see migration_status)")
        which.add_argument("--steps", type=positive, default=1, help="undo the newest migrations (default: 1)")
        parser.add_argument(
            "--to-phase",
            metavar="PHASE",
            help="undo only the phases behind this one: of the newest migration in phases",
        )
        parser.add_argument("--dry-run", action="store_true", help="check, count the conflicts and undo nothing")
        parser.add_argument("--backup", metavar="FOLDER", type=Path, help="back the database up into it first")
        parser.add_argument(
            "--emergency",
            action="store_true",
            help="do not mind long transactions, little room and changes that block, and do not ask",
        )
        parser.add_argument("--noinput", action="store_true", help="do not ask")
        parser.add_argument(
            "--on-conflict", choices=("keep", "overwrite", "abort"),
            help="rows changed since: keep them, overwrite them, or undo nothing (default: what the migration says)",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        if options["to_phase"] is not None and options["run"] is not None:
            raise CommandError("--to-phase goes with a migration's name or none, not with --run.")
        if options["json"] and not (options["noinput"] or options["dry_run"] or options["emergency"]):
            raise CommandError("--json cannot ask: add --noinput, or --dry-run.")
        asked = {name: options[name] for name in ("target", "run", "steps", "on_conflict")}
        to_phase = None if options["to_phase"] is None else phase_named(options["to_phase"], "--to-phase")
        plan = plan_rollback(
            options["database"], options["app_label"], **asked, to_phase=to_phase, emergency=options["emergency"]
        )
        self._tell(plan, options, undone=False)
        plan.refuse_faults()
        if options["dry_run"] or not plan.undoings:
            return
        if not (options["noinput"] or options["emergency"]):
            self._confirm(plan)
        quiet = options["json"] or options["verbosity"] < 1
        verbosity = 0 if options["json"] else options["verbosity"]
        progress = None if quiet else self._progress
        if options["backup"]:
            saved = back_up(plan.alias, options["backup"])
            if not quiet:
                self.stdout.write(f"Backup of {plan.alias}: {saved.path} ({size(saved.bytes)}).")
        roll_back(plan, options["on_conflict"], progress, verbosity, self.stdout)
        self._tell(plan, options, undone=True)
        self._verify(plan)

    def _verify(self, plan: RollbackPlan) -> None:
        report = verify(plan.alias, migrations=[undoing.key for undoing in plan.undoings], cheap_only=True)
        wrong = [finding for finding in report.findings if finding.level == Level.ERROR]
        if wrong:
            lines = "\n".join(line for finding in wrong for line in finding_lines(finding))
            raise CommandError(f"All is undone, but it does not verify:\n{lines}")

    def _tell(self, plan: RollbackPlan, options: dict[str, Any], undone: bool) -> None:
        if not options["json"]:
            for line in plan_lines(plan, undone) if options["verbosity"] else ():
                self.stdout.write(line)
        elif undone or options["dry_run"] or plan.faults or not plan.undoings:
            self.write_json({"database": options["database"], **plan_facts(plan, options["dry_run"], undone)})

    def _confirm(self, plan: RollbackPlan) -> None:
        try:
            answer = input(f'Undo {len(plan.undoings)} of them? Type "yes": ')
        except EOFError:
            raise CommandError("Nobody is there to confirm it. Nothing was undone. --noinput does not ask.") from None
        if answer.strip().lower() != "yes":
            raise CommandError("Not confirmed. Nothing was undone.")

    def _progress(self, action: str, migration: Any = None, fake: bool = False) -> None:
        if action == "unapply_start":
            self.stdout.write(f"  Unapplying {migration}...", ending="")
            self.stdout.flush()
        elif action == "unapply_success":
            self.stdout.write(self.style.SUCCESS(" OK"))
