"""The statuses of runs and steps, and which may follow which, each arrow with its reason."""

from enum import StrEnum

from django.db.models import IntegerChoices, TextChoices


class Direction(TextChoices):
    FORWARDS = "forwards"
    BACKWARDS = "backwards"


class Phase(IntegerChoices):
    PREPARE = 1, "prepare"
    MIGRATE_DATA = 2, "migrate_data"
    SWITCH = 3, "switch"
    CLEANUP = 4, "cleanup"


class RunStatus(TextChoices):
    RUNNING = "running"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    FAILED = "failed"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


ALLOWED: dict[RunStatus, set[RunStatus]] = {
    RunStatus.RUNNING: {
        RunStatus.RUNNING,  # taken over from a process that is gone
        RunStatus.PAUSED,  # an operator, its window or the load wants it to wait; or a signal stopped its process
        RunStatus.INTERRUPTED,  # the process was ended; goes on from the checkpoint
        RunStatus.CANCELLED,  # an operator stopped it for good
        RunStatus.FAILED,  # an error ended it; goes on from the checkpoint once mended
        RunStatus.DONE,  # every step is finished
        RunStatus.UNDOING,  # its process is gone, and it is undone instead of finished
    },
    RunStatus.PAUSED: {
        RunStatus.RUNNING,  # what it waited for has come, or it was called again
        RunStatus.PAUSED,  # the process that waited was stopped
        RunStatus.INTERRUPTED,  # the process that waited was ended
        RunStatus.CANCELLED,  # an operator stopped it for good
        RunStatus.FAILED,  # the database went away while it waited
        RunStatus.UNDOING,  # undone instead of finished
    },
    RunStatus.INTERRUPTED: {
        RunStatus.RUNNING,  # called again
        RunStatus.CANCELLED,  # an operator stopped it for good
        RunStatus.UNDOING,  # undone instead of finished
    },
    RunStatus.CANCELLED: {
        RunStatus.RUNNING,  # called again all the same
        RunStatus.UNDOING,  # undone instead of finished
    },
    RunStatus.FAILED: {
        RunStatus.RUNNING,  # called again
        RunStatus.CANCELLED,  # an operator stopped it for good
        RunStatus.UNDOING,  # undone instead of finished
    },
    RunStatus.DONE: {
        RunStatus.UNDOING,  # its migration is unapplied
        RunStatus.UNDONE,  # its migration was unapplied by other means (--fake)
        RunStatus.INTERRUPTED,  # opened again, to try the rows that were set aside
    },
    RunStatus.UNDOING: {
        RunStatus.UNDONE,  # every step is restored
    },
    RunStatus.UNDONE: set(),
}

IN_HAND = (RunStatus.RUNNING, RunStatus.PAUSED)  # statuses of a run that a process may have in hand
UNFINISHED = (*IN_HAND, RunStatus.INTERRUPTED, RunStatus.CANCELLED, RunStatus.FAILED)


class WishAction(TextChoices):
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    SET = "set"
    RETRY = "retry"


class OrderKind(TextChoices):
    START = "start"  # a migration is applied, or gone on with
    PHASE = "phase"  # everything up to a phase is applied
    UNDO = "undo"
    CANCEL = "cancel"  # and undone, once it has stopped
    RETRY = "retry"  # of rows that a finished run had set aside


class StepStatus(TextChoices):
    RUNNING = "running"
    DONE = "done"


class StepKind(TextChoices):
    UPDATE = "update"
    TRANSFORM = "transform"
    CREATE = "create"
    DELETE = "delete"
    RECORD = "record"
    PROCESS = "process"
    OPERATION = "operation"
    RETIRE = "retire"
    RESTORE = "restore"


class TimingKind(TextChoices):
    BATCH = "batch"
    WAIT = "wait"


class JournalKind(TextChoices):
    UPDATE = "update"
    CREATE = "create"
    DELETE = "delete"
    RECORD = "record"
    RETIRED = "retired"  # a column or a table that was renamed out of use, with what it holds


class JournalState(TextChoices):
    KEPT = "kept"
    RESTORED = "restored"
    PURGED = "purged"


class Level(StrEnum):
    """How bad it is; in the order of their weight."""

    ERROR = "error"  # something is lost, broken or not done: it will not mend by itself
    WARNING = "warning"  # it works, and costs something or hides something
    INFO = "info"  # worth knowing before a decision, nothing is wrong

    def is_at_least(self, other: "Level") -> bool:
        levels = list(Level)
        return levels.index(self) <= levels.index(other)


class AlertLevel(TextChoices):
    """How urgent an alert is, in the order of urgency."""

    INFO = "info"  # worth knowing; nobody has to do anything now
    WARNING = "warning"  # somebody should look at it today
    CRITICAL = "critical"  # somebody has to look at it now

    def is_at_least(self, other: "AlertLevel") -> bool:
        levels = list(AlertLevel)
        return levels.index(self) >= levels.index(other)


class AlertKind(TextChoices):
    ALERT = "alert"
    RECOVERY = "recovery"
    TEST = "test"
