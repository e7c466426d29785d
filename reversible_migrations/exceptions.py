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
    are left in, ``todo`` the way on. All four are sentences that people read. ``exit_code`` is what
    a command ends with.
    """

    exit_code = 1

    def __init__(self, where: str, what: str, standing: str = "Nothing was run.", todo: str = "", **data: Any):
        self.where, self.what, self.standing, self.todo = where, what, standing, todo
        self.data = data
        super().__init__(f"{where}: {what} {standing} {todo}".strip(), returncode=self.exit_code)


class LedgerMissing(ReversibleMigrationError):
    """The tables of this app are not in the database that is migrated."""


class ExtraMissing(ReversibleMigrationError):
    """A feature needs a package that is not installed; ``extra`` names the extra that brings it."""

    def __init__(self, extra: str, package: str):
        super().__init__(
            f"The extra {extra!r}",
            f"is needed for this: {package} is not installed.",
            standing="Nothing was done.",
            todo=f"Install it with `pip install reversible-migrations[{extra}]`.",
            extra=extra,
        )


class Irreversible(ReversibleMigrationError):
    """An operation cannot be undone, and its migration does not say why that is accepted."""


class RefusedQuery(ReversibleMigrationError):
    """A query set that cannot be cut into key ranges, or a change that cannot be recorded."""


class RefusedOption(ReversibleMigrationError):
    """A class attribute of a migration, such as ``batch_size``, has a value that it cannot have."""


class PatchChanged(ReversibleMigrationError):
    """The code of a patch is not the code whose steps were recorded."""


class PhasesMisused(ReversibleMigrationError):
    """A migration in phases is written in a way that it cannot be."""


class PhasesRequired(ReversibleMigrationError):
    """Plain ``migrate`` may not run the later phases of a migration on this database."""


class CannotBeOnline(ReversibleMigrationError):
    """An operation would rewrite or scan a table with rows under an exclusive lock, or rename it under running code."""


class CannotRetire(ReversibleMigrationError):
    """A column or a table cannot be taken out of use, for new rows could not do without it."""


class LockNotHad(ReversibleMigrationError):
    """A schema change did not get its lock; the message names who held it."""


class RowsDoNotSuit(ReversibleMigrationError):
    """Rows break a constraint that is to hold from now on, or have a value twice that is to be unique."""


class AmbiguousPhase(ReversibleMigrationError):
    """Migrations do what belongs into different phases, or what cannot be told. ``data["faults"]`` has each."""


class ConflictingMigrations(ReversibleMigrationError):
    """The migration graph of an app has several ends."""


class LeaseHeld(ReversibleMigrationError):
    """Another process is running this migration now."""


class LeaseLost(ReversibleMigrationError):
    """Another process has taken this run over; this one may write nothing more."""


class Stopped(ReversibleMigrationError):
    """The process was asked to stop, by a signal: the batch in hand is finished, and the run is left paused."""

    def __init__(self, *args: Any, signal: int, **data: Any):
        self.exit_code = 128 + signal  # as a shell reports it: 130 after Ctrl-C, 143 after SIGTERM
        super().__init__(*args, signal=signal, **data)


class OutsideWindow(ReversibleMigrationError):
    """The run may not work at this hour, and was told not to wait: it is left paused."""

    exit_code = 3


class Cancelled(ReversibleMigrationError):
    """An operator stopped the run for good."""


class WishRefused(ReversibleMigrationError):
    """What an operator asked of a run cannot be heeded, or is not understood."""


class CannotStart(ReversibleMigrationError):
    """No process could be started for what was ordered from the page."""


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


class BackupFailed(ReversibleMigrationError):
    """The database could not be backed up, and so was not migrated."""


class CanaryFailed(ReversibleMigrationError):
    """A gauge of the database that was migrated first is at its limit: the others are not touched."""


class UnknownMigration(ReversibleMigrationError):
    """The app, migration or run that was named is not there, or more than one begins with that name."""


class NothingToPreview(ReversibleMigrationError):
    """The migration is applied already."""


class RollbackRefused(ReversibleMigrationError):
    """A rollback cannot be done as a whole, so nothing of it was begun. ``data["faults"]`` are the reasons."""


class NotNow(ReversibleMigrationError):
    """Something speaks against an undo at this moment: a long transaction, too little room."""


class CannotLint(ReversibleMigrationError):
    """The lint could not run as it was asked to: an unknown app, rule or git reference, a baseline that is none."""

    exit_code = 2


class Skip(Exception):
    """Raised by a transform function to leave a row as it is."""
