"""The table that is measured: seven columns, as many shops have them."""

from django.db import models


class Product(models.Model):
    name = models.CharField(max_length=100)
    sku = models.CharField(max_length=20)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    stock = models.IntegerField()
    active = models.BooleanField()
    created = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
