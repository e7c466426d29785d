"""The ledger of runs: who runs which migration, how far it is, and what happened on the way."""

from typing import ClassVar

from django.db import models

from ..states import Direction, RunStatus, StepKind, StepStatus


class Run(models.Model):
    """
    One application, or one undoing, of one migration on this database.

    ``holds`` is ``app.name`` while the run is open and NULL afterwards: being unique, it lets a
    migration have one open run at the most. ``token`` grows with every change of owner; a batch
    commits only under the token it began with.
    """

    app = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    direction = models.CharField(max_length=10, choices=Direction.choices)
    status = models.CharField(max_length=12, choices=RunStatus.choices, default=RunStatus.RUNNING)
    holds = models.CharField(max_length=511, unique=True, null=True, editable=False)  # noqa: DJ001 (NULLs do not collide)
    undoes = models.ForeignKey("self", models.CASCADE, null=True, related_name="undone_by")
    recorded = models.BooleanField(default=False, help_text="Django has recorded the migration as applied since.")
    owner = models.JSONField(default=dict)
    token = models.PositiveBigIntegerField(default=1)
    heartbeat = models.DateTimeField(null=True)
    rows_done = models.PositiveBigIntegerField(default=0)
    error = models.TextField(blank=True)
    started_by = models.CharField(max_length=255, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["app", "name"]), models.Index(fields=["status"])]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.migration} {self.direction}"

    @property
    def migration(self) -> str:
        return f"{self.app}.{self.name}"


class Step(models.Model):
    """
    One operation of a migration, one call of a patch, or one restoring of either.

    A step is found again by ``operation`` (position in the migration's operations) and
    ``ordinal`` (call within it, from 1). ``checkpoint`` is the key of the last row whose batch
    is committed, or the number of the last restored batch; ``upper`` the last key there was
    when the step began.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="steps")
    number = models.PositiveIntegerField()
    operation = models.PositiveIntegerField()
    ordinal = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=StepKind.choices)
    model = models.CharField(max_length=255, blank=True)
    signature = models.CharField(max_length=64, blank=True)
    restores = models.ForeignKey("self", models.CASCADE, null=True, related_name="restored_by")
    status = models.CharField(max_length=8, choices=StepStatus.choices, default=StepStatus.RUNNING)
    checkpoint = models.JSONField(null=True)
    upper = models.JSONField(null=True)
    batches = models.PositiveBigIntegerField(default=0)
    rows_total = models.PositiveBigIntegerField(null=True, help_text="Rows to look at; an estimate on large tables.")
    rows_seen = models.PositiveBigIntegerField(default=0)
    rows_done = models.PositiveBigIntegerField(default=0)
    rows_skipped = models.PositiveBigIntegerField(default=0)
    rows_failed = models.PositiveBigIntegerField(default=0)
    rows_conflicting = models.PositiveBigIntegerField(default=0)
    seconds = models.FloatField(default=0.0, help_text="Spent in committed batches and the pauses between them.")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["run", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "operation", "ordinal"], name="reversible_step_position"),
        ]

    def __str__(self) -> str:
        return f"step {self.number} ({self.kind} {self.model})".replace(" )", ")")


class Event(models.Model):
    """A numbered fact about a run: a change of status, a wait, progress. Holds no row values."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=20)
    text = models.TextField(blank=True)
    facts = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"
