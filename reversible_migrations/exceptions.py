"""
Every error this app raises: where it happened, what is wrong, how things stand, what to do.

An error carries its data as attributes, and no row values: those stay in the database.
"""

from typing import Any

from django.core.management.base import CommandError


class ReversibleMigrationError(CommandError):
    """
    The base of all errors of this app. Commands, ``migrate`` too, show it without a traceback.

    ``where`` names the migration and step, ``what`` the fault, ``standing`` the state things
    are left in, ``todo`` the way on. All four are sentences that people read.
    """

    def __init__(self, where: str, what: str, standing: str = "Nothing was run.", todo: str = "", **data: Any):
        self.where, self.what, self.standing, self.todo = where, what, standing, todo
        self.data = data
        super().__init__(f"{where}: {what} {standing} {todo}".strip())


class LedgerMissing(ReversibleMigrationError):
    """The tables of this app are not in the database that is migrated."""


class Irreversible(ReversibleMigrationError):
    """An operation cannot be undone, and its migration does not say why that is accepted."""


class RefusedQuery(ReversibleMigrationError):
    """A query set that cannot be cut into key ranges, or a change that cannot be recorded."""


class PatchChanged(ReversibleMigrationError):
    """The code of a patch is not the code whose steps were recorded."""


class LeaseHeld(ReversibleMigrationError):
    """Another process is running this migration now."""


class LeaseLost(ReversibleMigrationError):
    """Another process has taken this run over; this one may write nothing more."""


class MissingJournal(ReversibleMigrationError):
    """What undo needs is not there: never recorded, purged, or its table was dropped."""


class JournalMismatch(ReversibleMigrationError):
    """The table is no longer of the shape its journal was recorded in."""


class UndoConflicts(ReversibleMigrationError):
    """Rows were changed since, and the policy says that undo stops then."""


class UnrecordedChange(ReversibleMigrationError):
    """Recorded code wrote to a table whose model was not named."""


class TooManyFailures(ReversibleMigrationError):
    """More rows failed than ``max_failed_share`` allows."""


class StepFailed(ReversibleMigrationError):
    """A batch failed for a reason that neither a retry nor a smaller range mends."""


class CannotJournal(ReversibleMigrationError):
    """The rollback data has no place: no right to create its table, a read-only or a full database."""


class UnknownMigration(ReversibleMigrationError):
    """The app, migration or run that was named is not there, or more than one begins with that name."""


class NothingToPreview(ReversibleMigrationError):
    """The migration is applied already."""


class RollbackRefused(ReversibleMigrationError):
    """A rollback cannot be done as a whole, so nothing of it was begun. ``data["faults"]`` are the reasons."""


class Skip(Exception):
    """Raised by a transform function to leave a row as it is."""
