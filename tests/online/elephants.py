"""Operations that only PostgreSQL has: Django's own of ``contrib.postgres``, and its kinds of indexes."""

from django.contrib.postgres import indexes, operations
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField, RangeOperators
from django.contrib.postgres.search import SearchVector
from django.db import migrations, models

NOT_NEGATIVE = models.CheckConstraint(condition=models.Q(count__gte=0), name="thing_unproved")
NO_OVERLAP = ExclusionConstraint(
    name="thing_no_overlap",
    expressions=[
        (
            models.Func("count", models.F("count") + 1, function="int4range", output_field=IntegerRangeField()),
            RangeOperators.OVERLAPS,
        )
    ],
)
COVERING = models.Index(fields=["name"], name="thing_concurrent", include=["count"])


def index(kind, *expressions, **options):
    return migrations.AddIndex("thing", kind(*expressions, name="thing_index", **options))


OPERATIONS = {
    "an extension": operations.CITextExtension(),
    "an extension of any name": operations.CreateExtension("intarray"),
    "a collation": operations.CreateCollation("shop_german", "de-x-icu", provider="icu"),
    "a collation for which case is nothing": operations.CreateCollation(
        "shop_any_case", "und-u-ks-level2", provider="icu", deterministic=False
    ),
    "a collation goes": operations.RemoveCollation("there_collation", "de-x-icu", provider="icu"),
    "another collation": migrations.AlterField(
        "thing", "note", models.TextField(null=True, db_collation="there_collation")
    ),
    "an index, stated to be concurrent": operations.AddIndexConcurrently("thing", COVERING),
    "an index goes, stated to be concurrent": operations.RemoveIndexConcurrently("thing", "there_index"),
    "a check of new rows": operations.AddConstraintNotValid("thing", NOT_NEGATIVE),
    "a check of new rows, then of all": migrations.SeparateDatabaseAndState(
        database_operations=[
            operations.AddConstraintNotValid("thing", NOT_NEGATIVE),
            operations.ValidateConstraint("thing", "thing_unproved"),
        ]
    ),
    "an inverted index": index(indexes.GinIndex, SearchVector("name", config="english"), fastupdate=False),
    "a tree for ranges": index(indexes.GistIndex, models.Func(models.Value(-9), "owner_id", function="int8range")),
    "a small index": index(indexes.BrinIndex, fields=["count"], pages_per_range=8),
    "a tree with room": index(indexes.BTreeIndex, fields=["count"], fillfactor=70),
    "a hash": index(indexes.HashIndex, fields=["name"], condition=models.Q(count__gt=2)),
    "a tree of prefixes": index(indexes.SpGistIndex, fields=["name"]),
    "an index of another operator class": index(
        models.Index, indexes.OpClass(models.functions.Upper("name"), name="text_pattern_ops")
    ),
    "a table in which nothing overlaps": migrations.CreateModel(
        "New",
        [("id", models.BigAutoField(primary_key=True)), ("span", IntegerRangeField())],
        options={
            "constraints": [ExclusionConstraint(name="new_span", expressions=[("span", RangeOperators.OVERLAPS)])]
        },
    ),
    "a table with a computed column": migrations.CreateModel(
        "New",
        [
            ("id", models.BigAutoField(primary_key=True)),
            ("n", models.IntegerField()),
            (
                "twice",
                models.GeneratedField(
                    expression=models.F("n") * 2, output_field=models.IntegerField(), db_persist=True, db_index=True
                ),
            ),
        ],
    ),
}
