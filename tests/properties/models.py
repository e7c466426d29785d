"""Rows with a value of every kind, and every way of pointing at another row."""

# ruff: noqa: DJ001, DJ008 - NULL beside the empty text is part of what is tested

from django.db import models


class Shelf(models.Model):
    code = models.CharField(primary_key=True, max_length=40)
    name = models.CharField(max_length=100, null=True, unique=True)


class Specimen(models.Model):
    shelf = models.ForeignKey(Shelf, models.CASCADE, null=True)
    spare = models.ForeignKey(Shelf, models.SET_NULL, null=True, related_name="spared")
    twin = models.ForeignKey("self", models.SET_NULL, null=True)
    label = models.CharField(max_length=300, null=True)
    text = models.TextField(null=True)
    amount = models.DecimalField(max_digits=30, decimal_places=10, null=True)
    measure = models.FloatField(null=True)
    number = models.BigIntegerField(null=True)
    data = models.JSONField(null=True)
    blob = models.BinaryField(null=True)
    at = models.DateTimeField(null=True)
    day = models.DateField(null=True)
    time = models.TimeField(null=True)
    span = models.DurationField(null=True)
    uuid = models.UUIDField(null=True)
    flag = models.BooleanField(null=True)
