"""The tables that are measured: seven columns, as many shops have them, alone and with a table that refers to them."""

from django.db import models


class Columns(models.Model):
    name = models.CharField(max_length=100)
    sku = models.CharField(max_length=20)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    stock = models.IntegerField()
    active = models.BooleanField()
    created = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Product(Columns):
    """Nothing refers to it."""


class Article(Columns):
    """Reviews refer to it."""


class Review(models.Model):
    article = models.ForeignKey(Article, models.CASCADE)
    stars = models.SmallIntegerField()

    def __str__(self) -> str:
        return f"{self.stars} stars"
