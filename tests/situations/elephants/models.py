# ruff: noqa: DJ008
"""Fields and places that only PostgreSQL has."""

from django.contrib.postgres.fields import (
    ArrayField,
    BigIntegerRangeField,
    DateRangeField,
    DateTimeRangeField,
    DecimalRangeField,
    HStoreField,
)
from django.contrib.postgres.search import SearchVectorField
from django.db import models


class Herd(models.Model):
    name = models.CharField(max_length=50)
    sizes = ArrayField(models.IntegerField(), null=True)
    grid = ArrayField(ArrayField(models.CharField(max_length=10, null=True)), null=True)
    ages = BigIntegerRangeField(null=True)
    seasons = DateRangeField(null=True)
    watched = DateTimeRangeField(null=True)
    weights = DecimalRangeField(null=True)
    facts = HStoreField(null=True)
    words = SearchVectorField(null=True)


class Waterhole(models.Model):
    """In a schema of its own, by the quotes that Django does not add twice."""

    name = models.CharField(max_length=50)

    class Meta:
        db_table = 'far away"."water hole'


class Drink(models.Model):
    waterhole = models.ForeignKey(Waterhole, models.CASCADE)
    herd = models.ForeignKey(Herd, models.SET_NULL, null=True)
