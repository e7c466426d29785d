"""The statuses of runs and steps, and which may follow which, each arrow with its reason."""

from django.db.models import TextChoices


class Direction(TextChoices):
    FORWARDS = "forwards"
    BACKWARDS = "backwards"


class RunStatus(TextChoices):
    RUNNING = "running"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


ALLOWED: dict[RunStatus, set[RunStatus]] = {
    RunStatus.RUNNING: {
        RunStatus.RUNNING,  # taken over from a process that is gone
        RunStatus.INTERRUPTED,  # the process was asked to stop; goes on from the checkpoint
        RunStatus.FAILED,  # an error ended it; goes on from the checkpoint once mended
        RunStatus.DONE,  # every step is finished
        RunStatus.UNDOING,  # its process is gone, and it is undone instead of finished
    },
    RunStatus.INTERRUPTED: {
        RunStatus.RUNNING,  # called again
        RunStatus.UNDOING,  # undone instead of finished
    },
    RunStatus.FAILED: {
        RunStatus.RUNNING,  # called again
        RunStatus.UNDOING,  # undone instead of finished
    },
    RunStatus.DONE: {
        RunStatus.UNDOING,  # its migration is unapplied
        RunStatus.UNDONE,  # its migration was unapplied by other means (--fake)
    },
    RunStatus.UNDOING: {
        RunStatus.UNDONE,  # every step is restored
    },
    RunStatus.UNDONE: set(),
}

UNFINISHED = (RunStatus.RUNNING, RunStatus.INTERRUPTED, RunStatus.FAILED)


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
    RESTORE = "restore"


class JournalKind(TextChoices):
    UPDATE = "update"
    CREATE = "create"
    DELETE = "delete"
    RECORD = "record"


class JournalState(TextChoices):
    KEPT = "kept"
    RESTORED = "restored"
    PURGED = "purged"
