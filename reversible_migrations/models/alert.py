"""The ledger of alerts: what people were told, so that nobody is told twice."""

from typing import ClassVar

from django.db import models

from ..states import AlertKind, AlertLevel
from .run import Run


class Alert(models.Model):
    """
    A condition that was met, of one ``subject`` ("run 7", or "database"): one row, however often it comes again.

    Who raises ``turn`` from the number that was read has the alert to tell; of two at once one does. ``owed``
    names the outlets, one a line, that have not taken the last message yet.
    """

    subject = models.CharField(max_length=40)
    run = models.ForeignKey(Run, models.CASCADE, null=True, related_name="alerts")
    condition = models.CharField(max_length=20)
    level = models.CharField(max_length=8, choices=AlertLevel.choices)
    kind = models.CharField(max_length=8, choices=AlertKind.choices, default=AlertKind.ALERT)
    size = models.PositiveBigIntegerField(
        default=0, help_text="How much of it there was when it was told: rows, faults."
    )
    number = models.PositiveIntegerField(default=1, help_text="Of the last message; the same for every try to send it.")
    turn = models.PositiveIntegerField(default=1)
    owed = models.TextField(blank=True)
    tries = models.PositiveSmallIntegerField(default=1)
    first_at = models.DateTimeField()
    claimed_at = models.DateTimeField(help_text="When somebody last set out to tell it.")
    sent_at = models.DateTimeField(null=True, help_text="When an outlet last took it.")
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subject", "condition"], name="reversible_alert_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.condition} of {self.subject}"

    @property
    def message_id(self) -> str:
        return f"{self.subject.replace(' ', '-')}-{self.condition}-{self.number}"

    @property
    def owed_to(self) -> list[str]:
        return self.owed.splitlines()
