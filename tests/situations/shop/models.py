# ruff: noqa: DJ001, DJ008
"""Every kind of key, field, name and relation that SQLite and PostgreSQL both know."""

import uuid

from django.db import models
from django.db.models import F

# Keys


class Shelf(models.Model):
    """A 32-bit key, and a unique value that patches swap."""

    id = models.AutoField(primary_key=True)
    name = models.CharField(max_length=50)
    position = models.IntegerField(unique=True, null=True)


class Parcel(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=50)


class Country(models.Model):
    code = models.CharField(max_length=20, primary_key=True)
    name = models.CharField(max_length=50)


class Word(models.Model):
    """A key that does not tell capitals apart: "nocase" is SQLite's own, on PostgreSQL the migration makes it."""

    word = models.CharField(max_length=20, primary_key=True, db_collation="nocase")
    name = models.CharField(max_length=50)


class OrderLine(models.Model):
    pk = models.CompositePrimaryKey("order_number", "line")
    order_number = models.CharField(max_length=10)
    line = models.IntegerField()
    name = models.CharField(max_length=50)


class Vehicle(models.Model):
    name = models.CharField(max_length=50)


class Car(Vehicle):
    seats = models.IntegerField(default=4)


class Taxi(Car):
    licence = models.CharField(max_length=20)


class GroupSelect(models.Model):
    """Names that need quotes: capitals, spaces, reserved words."""

    id = models.BigAutoField(primary_key=True, db_column="Primary Key")
    name = models.CharField(max_length=50, db_column="Order")
    user = models.IntegerField(default=0, db_column="user")
    words = models.CharField(max_length=50, default="", db_column="two words; -- (x)")
    long = models.IntegerField(default=0, db_column="a_name_of_sixty_three_bytes_which_is_all_that_postgresql_takes")

    class Meta:
        db_table = "Group Select"


# Fields


class Product(models.Model):
    """One field of each kind."""

    name = models.CharField(max_length=50)
    price = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    weight = models.FloatField(null=True)
    on_sale = models.BooleanField(null=True)
    tags = models.JSONField(null=True)
    photo = models.BinaryField(null=True)
    shelf_life = models.DurationField(null=True)
    listed_at = models.DateTimeField(null=True)
    made_on = models.DateField(null=True)
    sold_from = models.TimeField(null=True)
    number = models.BigIntegerField(null=True)
    maker = models.UUIDField(null=True)
    address = models.GenericIPAddressField(null=True)
    text = models.TextField(null=True)
    stock = models.IntegerField(db_default=7)
    doubled = models.GeneratedField(expression=F("stock") * 2, output_field=models.IntegerField(), db_persist=True)
    categories = models.ManyToManyField("Category")
    suppliers = models.ManyToManyField("Supplier", through="Supply")


class Supplier(models.Model):
    name = models.CharField(max_length=50)


class Supply(models.Model):
    product = models.ForeignKey(Product, models.CASCADE)
    supplier = models.ForeignKey(Supplier, models.CASCADE)
    days = models.IntegerField(default=1)


# Relations


class Category(models.Model):
    name = models.CharField(max_length=50)
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="children")


class Customer(models.Model):
    name = models.CharField(max_length=50)
    email = models.CharField(max_length=50, unique=True, null=True)


class Basket(models.Model):
    customer = models.ForeignKey(Customer, models.CASCADE)


class BasketItem(models.Model):
    basket = models.ForeignKey(Basket, models.CASCADE)
    name = models.CharField(max_length=50)


class Invoice(models.Model):
    customer = models.ForeignKey(Customer, models.SET_NULL, null=True)
    payer = models.ForeignKey(Customer, models.SET_DEFAULT, default=1, related_name="paid")


class Contract(models.Model):
    customer = models.ForeignKey(Customer, models.PROTECT)


class Deposit(models.Model):
    customer = models.ForeignKey(Customer, models.RESTRICT)
    basket = models.ForeignKey(Basket, models.CASCADE, null=True)


class Visit(models.Model):
    customer = models.ForeignKey(Customer, models.DO_NOTHING)
