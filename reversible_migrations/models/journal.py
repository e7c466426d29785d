"""The ledger of rollback data: which journal tables there are, and the rows that were set aside."""

from typing import ClassVar

from django.db import models

from ..states import JournalKind, JournalState
from .run import KeyRange, Step


class JournalTable(models.Model):
    """
    One table of before- and after-images, of one step and one table of the project.

    ``columns`` maps each recorded column to its type at the time; ``keys`` are the columns of
    the primary key. The images themselves are in ``table_name``.
    """

    step = models.ForeignKey(Step, models.CASCADE, related_name="journals")
    position = models.PositiveIntegerField(help_text="Order of creation within the step.")
    table_name = models.CharField(max_length=63, unique=True)
    kind = models.CharField(max_length=8, choices=JournalKind.choices)
    model = models.CharField(max_length=255)
    target = models.CharField(max_length=255, help_text="The project's table.")
    keys = models.JSONField()
    columns = models.JSONField()
    remembered = models.JSONField(default=dict, help_text="Of what is retired: what has to come back with it.")
    rows = models.PositiveBigIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(null=True)
    state = models.CharField(max_length=8, choices=JournalState.choices, default=JournalState.KEPT)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, help_text="When its state last changed.")

    class Meta:
        ordering: ClassVar = ["step", "position"]

    def __str__(self) -> str:
        return f"{self.table_name} of {self.target}"


class QuarantinedRow(models.Model):
    """A row that failed on its own and was set aside, so that the run could go on."""

    step = models.ForeignKey(Step, models.CASCADE, related_name="quarantined")
    range = models.ForeignKey(KeyRange, models.CASCADE, related_name="quarantined")
    key = models.JSONField()
    error_type = models.CharField(max_length=100)
    error = models.TextField(help_text="May hold values of the row: it is shown, never logged.")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.error_type} at key {self.key}"


class ConflictingRow(models.Model):
    """A row that undo found changed since, with what was done about it."""

    step = models.ForeignKey(Step, models.CASCADE, related_name="conflicts")
    target = models.CharField(max_length=255)
    key = models.TextField()
    reason = models.CharField(max_length=20)  # changed, gone, referenced, re-created, blocked
    outcome = models.CharField(max_length=12)  # kept, overwritten

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.target} {self.key}: {self.reason}, {self.outcome}"
