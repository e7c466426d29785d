"""The ledger of runs: who runs which migration, how far it is, and what happened on the way."""

from collections.abc import Iterable
from typing import ClassVar

from django.db import models

from ..states import Direction, Phase, RunStatus, StepKind, StepStatus, TimingKind, WishAction

COUNTS = ("batches", "rows_seen", "rows_done", "rows_skipped", "rows_failed", "rows_conflicting")


class Run(models.Model):
    """
    One application, or one undoing, of one migration on this database.

    ``holds`` is ``app.name`` while the run is open and NULL afterwards: being unique, it lets a
    migration have one open run at the most. ``token`` grows with every change of owner; a batch
    commits only under the token it began with.
    """

    app = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    phase = models.PositiveSmallIntegerField(choices=Phase.choices, null=True, help_text="Of a migration in phases.")
    direction = models.CharField(max_length=10, choices=Direction.choices)
    status = models.CharField(max_length=12, choices=RunStatus.choices, default=RunStatus.RUNNING)
    holds = models.CharField(max_length=511, unique=True, null=True, editable=False)  # noqa: DJ001 (NULLs do not collide)
    undoes = models.ForeignKey("self", models.CASCADE, null=True, related_name="undone_by")
    recorded = models.BooleanField(default=False, help_text="Django has recorded the migration as applied since.")
    owner = models.JSONField(default=dict)
    token = models.PositiveBigIntegerField(default=1)
    heartbeat = models.DateTimeField(null=True)
    rows_done = models.PositiveBigIntegerField(default=0)
    waiting = models.TextField(blank=True, help_text="Why it does not work at present, in words.")
    error = models.TextField(blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="How often an error ended it.")
    alert_after_seconds = models.FloatField(null=True, help_text="Of the migration itself, where it has one.")
    started_by = models.CharField(max_length=255, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    last_event: int | None = None  # the number of the newest event that was written by way of this object

    class Meta:
        indexes: ClassVar = [models.Index(fields=["app", "name"]), models.Index(fields=["status"])]
        permissions: ClassVar = [
            ("control_run", "Can start, pause, resume, cancel and change runs"),
            ("undo_run", "Can undo runs"),
            ("view_rows", "Can see values of rows before an undo"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.title} {self.direction}"

    @property
    def migration(self) -> str:
        return f"{self.app}.{self.name}"

    @property
    def title(self) -> str:
        """The migration, with the phase of it that the run is."""
        return self.migration if self.phase is None else f"{self.migration} ({Phase(self.phase).label})"

    @property
    def command(self) -> str:
        """What to type to apply its migration, or to go on with that."""
        if self.phase is None:
            return f"manage.py migrate {self.app} {self.name}"
        return f"manage.py migrate_phased {self.app} {self.name} --phase {Phase(self.phase).label}"


class Step(models.Model):
    """
    One operation of a migration, one call of a patch, or one restoring of either.

    A step is found again by ``operation`` (position in the migration's operations) and
    ``ordinal`` (call within it, from 1). Its batches and rows are the sums of its key ranges', as
    of the last tick; exact once it is done.
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
    batches = models.PositiveBigIntegerField(default=0)
    rows_total = models.PositiveBigIntegerField(null=True, help_text="Rows to look at; an estimate on large tables.")
    rows_seen = models.PositiveBigIntegerField(default=0)
    rows_done = models.PositiveBigIntegerField(default=0)
    rows_skipped = models.PositiveBigIntegerField(default=0)
    rows_failed = models.PositiveBigIntegerField(default=0)
    rows_conflicting = models.PositiveBigIntegerField(default=0)
    seconds = models.FloatField(default=0.0, help_text="Spent working and waiting, by the clock.")
    statements = models.JSONField(null=True, help_text="Of an online schema change: what it does, in order.")
    statements_done = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["run", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "operation", "ordinal"], name="reversible_step_position"),
        ]

    def __str__(self) -> str:
        return f"step {self.number} ({self.kind} {self.model})".replace(" )", ")")

    def add_up(self, ranges: "Iterable[KeyRange]") -> None:
        """Make the counts of this instance the sums of its ``ranges``'; nothing is saved."""
        known = list(ranges)
        for name in COUNTS if known else ():
            setattr(self, name, sum(getattr(place, name) for place in known))


class Timing(models.Model):
    """
    How long the batches of a step took, and what its workers waited for, as of the last tick.

    Of ``batch``, ``label`` is the upper bound in seconds of those that are counted in it; of ``wait``, what was
    waited for: a gauge's name, ``window``, ``operator``, ``pause``, ``retry`` or ``lock``. The seconds of workers
    that wait at the same time add up.
    """

    step = models.ForeignKey(Step, models.CASCADE, related_name="timings")
    kind = models.CharField(max_length=5, choices=TimingKind.choices)
    label = models.CharField(max_length=100)
    number = models.PositiveBigIntegerField(default=0)
    seconds = models.FloatField(default=0.0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["step", "kind", "label"], name="reversible_timing_label"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.label} of {self.step}: {self.number} in {self.seconds:.3f} s"


class KeyRange(models.Model):
    """
    A part of a step that one worker at a time goes through, from ``low`` up to ``upper``.

    ``checkpoint`` is the key of the last row whose batch is committed; of an undo, the number of the
    last restored batch, going down, with the key that it was restored up to where that is only a part of it.
    A worker holds the range by ``token``, which grows with every change of hands: its batch commits only
    under the token that it began with.
    """

    step = models.ForeignKey(Step, models.CASCADE, related_name="ranges")
    number = models.PositiveIntegerField()
    low = models.JSONField(null=True)
    upper = models.JSONField(null=True)
    checkpoint = models.JSONField(null=True)
    status = models.CharField(max_length=8, choices=StepStatus.choices, default=StepStatus.RUNNING)
    owner = models.JSONField(default=dict, help_text="Empty while nobody works on it.")
    token = models.PositiveBigIntegerField(default=0)
    heartbeat = models.DateTimeField(null=True)
    batches = models.PositiveBigIntegerField(default=0)
    rows_seen = models.PositiveBigIntegerField(default=0)
    rows_done = models.PositiveBigIntegerField(default=0)
    rows_skipped = models.PositiveBigIntegerField(default=0)
    rows_failed = models.PositiveBigIntegerField(default=0)
    rows_conflicting = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["step", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["step", "number"], name="reversible_range_number"),
        ]

    def __str__(self) -> str:
        return f"range {self.number} of {self.step}"


class Wish(models.Model):
    """What an operator wants of a run: heeded by whoever runs it, between two batches."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="wishes")
    action = models.CharField(max_length=10, choices=WishAction.choices)
    options = models.JSONField(default=dict, help_text="Of a changed pace: setting and value.")
    by = models.CharField(max_length=255, blank=True)
    reason = models.TextField(blank=True)
    at = models.DateTimeField()
    heeded_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.action} of run {self.run_id}"


class Event(models.Model):
    """A numbered fact about a run: a change of status, a wait, progress. Holds no row values."""

    run = models.ForeignKey(
        Run, models.CASCADE, related_name="events", db_index=False
    )  # the index below begins with it
    at = models.DateTimeField()
    kind = models.CharField(max_length=20)
    text = models.TextField(blank=True)
    facts = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index(fields=["run", "id"])]

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


class Verification(models.Model):
    """
    What ``verify_migrations`` found in the whole database at one time.

    ``mismatches`` are the errors about data and schema, without those about runs that were not finished.
    """

    at = models.DateTimeField()
    seconds = models.FloatField(default=0.0)
    errors = models.PositiveIntegerField(default=0)
    warnings = models.PositiveIntegerField(default=0)
    unchecked = models.PositiveIntegerField(default=0)
    mismatches = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"verification at {self.at}: {self.errors} errors, {self.warnings} warnings"
