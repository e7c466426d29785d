"""A pharmacy's stock: every kind of reference, and values that are easily changed on their way."""

# ruff: noqa: DJ008 - nobody reads the names of these rows

from django.db import models


class Category(models.Model):
    name = models.CharField(max_length=100, unique=True)


class Medicine(models.Model):
    name = models.CharField(max_length=200)
    price = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    weight = models.FloatField(null=True)
    notes = models.JSONField(null=True)
    sold = models.IntegerField(default=0)
    category = models.ForeignKey(Category, models.SET_NULL, null=True)


class Batch(models.Model):
    medicine = models.ForeignKey(Medicine, models.CASCADE)
    number = models.IntegerField()
    seal = models.BinaryField(null=True)


class Recall(models.Model):
    batch = models.ForeignKey(Batch, models.CASCADE)
    reason = models.TextField()


class Leaflet(models.Model):
    medicine = models.ForeignKey(Medicine, models.SET_NULL, null=True)
    text = models.TextField()
