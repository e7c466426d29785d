"""
``manage.py control_migration RUN ACTION``: pause, resume, cancel or change a run while it works, from any host.

``--json`` writes ``{"version": 1, "database": alias, "run": id, "action": name, "options": {...}, "heeded": bool,
"status": text}``; ``heeded`` is false where the run had not come to the end of its batch within ``--wait`` seconds.

The exit status is 0 once the wish is recorded, 1 when it was refused.
"""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from reversible_migrations.phases.control import ask, undo_cancelled
from reversible_migrations.runs.run import user
from reversible_migrations.runs.wishes import Granted
from reversible_migrations.states import WishAction

from ..ledger_command import LedgerCommand, positive

ACTIONS = {
    "pause": "finish the batch in hand, then wait; the process stays and keeps the run",
    "resume": "let a paused run go on",
    "cancel": "finish the batch in hand and stop for good; what is done stays, unless --undo is given",
    "set": "change settings, for example: set batch_size=500 parallel=2 limit.cpu=80",
    "retry-quarantined": "try the rows that were set aside once more",
}


class Command(LedgerCommand):
    help = "Pauses, resumes, cancels or changes a run while it works. The wish goes through the database's ledger."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("run", type=positive, help="number of the run (see migration_status)")
        actions = "; ".join(f"{name}: {meaning}" for name, meaning in ACTIONS.items())
        parser.add_argument("action", choices=tuple(ACTIONS), help=actions)
        parser.add_argument("changes", nargs="*", metavar="name=value", help="with set: what to change")
        parser.add_argument("--undo", action="store_true", help="with cancel: undo what was done")
        parser.add_argument("--reason", default="", help="why; recorded and shown")
        parser.add_argument("--wait", type=float, default=10.0, help="seconds to wait for the run to heed it (10)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["undo"] and options["action"] != "cancel":
            raise CommandError("--undo goes with cancel.")
        if bool(options["changes"]) != (options["action"] == "set"):
            raise CommandError("Settings, such as batch_size=500, go with set, and set needs at least one.")
        action = WishAction.RETRY if options["action"] == "retry-quarantined" else WishAction(options["action"])
        asked = ask(
            options["database"], options["run"], action, user(), options["reason"], options["changes"],
            options["wait"],
        )  # fmt: skip
        self._tell(asked, options)
        if options["undo"]:
            is_quiet = options["json"] or not options["verbosity"]
            undo_cancelled(asked, options["database"], None if is_quiet else self.stdout)

    def _tell(self, granted: Granted, options: dict[str, Any]) -> None:
        wish = granted.wish
        if options["json"]:
            facts = {"run": wish.run_id, "action": options["action"], "options": wish.options}
            facts |= {"heeded": granted.is_heeded, "status": granted.status}
            self.write_json({"database": options["database"], **facts})
            return
        asked = f"Run {wish.run_id}: {options['action']} is"
        if granted.is_heeded:
            self.stdout.write(f"{asked} heeded; it is {granted.status}.")
        elif granted.is_in_hand:
            self.stdout.write(f"{asked} recorded, and will be heeded after the batch in hand.")
        else:
            self.stdout.write(f"{asked} recorded, and no process has the run in hand; it is {granted.status}.")
