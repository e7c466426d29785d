"""What people ordered from the page that a process of its own has to do: a run started, undone, tried once more."""

from typing import ClassVar

from django.db import models

from ..states import OrderKind
from .run import Run


class Order(models.Model):
    """
    A command to be carried out by a process that is started for it, with who ordered it and why.

    ``holds`` is the subject, a migration or "phases", while the order is open and NULL afterwards: being unique, it
    lets there be one open order for each. ``run`` is the first run that the process opened.
    """

    kind = models.CharField(max_length=8, choices=OrderKind.choices)
    subject = models.CharField(max_length=511)
    holds = models.CharField(max_length=511, unique=True, null=True, editable=False)  # noqa: DJ001 (NULLs do not collide)
    arguments = models.JSONField(help_text="Of manage.py.")
    by = models.CharField(max_length=255, blank=True)
    reason = models.TextField(blank=True)
    at = models.DateTimeField()
    owner = models.JSONField(default=dict, help_text="The process that carries it out.")
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    exit_status = models.PositiveSmallIntegerField(null=True)
    error = models.TextField(blank=True)
    run = models.ForeignKey(Run, models.SET_NULL, null=True, related_name="orders")

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"order {self.pk}: {self.kind} {self.subject}"
