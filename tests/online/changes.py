"""Each operation that Django has, as a change of ``shop_thing``."""

import uuid

from django.db import connection, migrations, models


def add(name, field):
    return migrations.AddField("thing", name, field)


def alter(name, field):
    return migrations.AlterField("thing", name, field)


UNIQUE_LOWER = models.UniqueConstraint(models.functions.Lower("name"), name="thing_lower")
UNIQUE_SOME = models.UniqueConstraint(fields=["name"], condition=models.Q(count__gt=3), name="thing_some")
UNIQUE_LATER = models.UniqueConstraint(fields=["code"], name="thing_later", deferrable=models.Deferrable.DEFERRED)

OPERATIONS = {
    "a table": migrations.CreateModel(
        "New",
        [
            ("id", models.BigAutoField(primary_key=True)),
            ("n", models.PositiveIntegerField(unique=True)),
            ("thing", models.ForeignKey("shop.Thing", models.CASCADE)),
        ],
        options={"indexes": [models.Index(fields=["n", "thing"], name="new_n_thing")]},
    ),
    "a column with NULL": add("x", models.IntegerField(null=True)),
    "a column with a default": add("x", models.CharField(max_length=9, default="it's 5 %")),
    "a column with a default of the database": add("x", models.IntegerField(db_default=7)),
    "a column that is positive": add("x", models.PositiveIntegerField(default=1)),
    "a column that holds the time": add("x", models.DateTimeField(auto_now_add=True)),
    "a column that holds a UUID": add("x", models.UUIDField(default=uuid.uuid4)),
    "a unique column": add("x", models.CharField(max_length=9, null=True, unique=True)),
    "a column with an index": add("x", models.CharField(max_length=9, null=True, db_index=True)),
    "a foreign key": add("x", models.ForeignKey("shop.Owner", models.CASCADE, null=True)),
    "many-to-many": add("friends", models.ManyToManyField("shop.Thing")),
    "a column of an odd name": add("A b'c", models.IntegerField(null=True, db_index=True)),
    "an index": migrations.AddIndex("thing", models.Index(fields=["name", "-count"], name="thing_name")),
    "an index on db_index": alter("name", models.CharField(max_length=50, db_index=True)),
    "a check": migrations.AddConstraint(
        "thing", models.CheckConstraint(condition=models.Q(count__gte=0), name="thing_count")
    ),
    "a unique constraint": migrations.AddConstraint(
        "thing", models.UniqueConstraint(fields=["name", "code"], name="thing_name_code")
    ),
    "a unique constraint on an expression": migrations.AddConstraint("thing", UNIQUE_LOWER),
    "a unique constraint on some": migrations.AddConstraint("thing", UNIQUE_SOME),
    "unique": alter("code", models.CharField(max_length=20, null=True, unique=True)),
    "unique together": migrations.AlterUniqueTogether("thing", {("name", "count")}),
    "not null": alter("code", models.CharField(max_length=20)),
    "not null with a default": alter("code", models.CharField(max_length=20, default="?")),
    "null": alter("count", models.IntegerField(default=0, null=True)),
    "a longer text": alter("name", models.CharField(max_length=80)),
    "a text without end": alter("name", models.TextField()),
    "a default of the database": alter("count", models.IntegerField(db_default=3)),
    "an index goes": migrations.RemoveIndex("thing", "there_index"),
    "an index of another name": migrations.RenameIndex("thing", "there_other", old_name="there_index"),
    "a unique constraint goes": migrations.RemoveConstraint("thing", "there_unique"),
    "a check goes": migrations.RemoveConstraint("thing", "there_check"),
    "a comment on a column": alter("owner_id", models.BigIntegerField(null=True, db_comment="it's who")),
    "a comment on a table": migrations.AlterModelTableComment("thing", "all of them"),
    "nothing in the database": migrations.AlterModelOptions("thing", {"ordering": ["name"]}),
    "another default": alter("count", models.IntegerField(default=5)),
    "an order": migrations.AlterOrderWithRespectTo("thing", "name"),
    "indexes of a name Django gave": migrations.AlterIndexTogether("thing", {("name", "count")}),
    "a column that becomes a foreign key": migrations.SeparateDatabaseAndState(
        database_operations=[add("y", models.ForeignKey("shop.Owner", models.SET_NULL, null=True))]
    ),
}
if connection.vendor == "postgresql":
    from .elephants import OPERATIONS as OF_POSTGRESQL

    OPERATIONS |= OF_POSTGRESQL
