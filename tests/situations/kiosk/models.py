# ruff: noqa: DJ008
"""One table, for patches that are files."""

from django.db import models


class Paper(models.Model):
    title = models.CharField(max_length=50)
    price = models.IntegerField(default=0)
    pages = models.IntegerField(null=True)
    weekly = models.BooleanField(default=False)
    cents = models.IntegerField(default=1)
