"""Columns and a table for what the patches will find out. Everything new may be NULL."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("flights", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="flight",
            name="arrival",
            field=models.TimeField(null=True),
        ),
        migrations.AddField(
            model_name="flight",
            name="departure",
            field=models.TimeField(null=True),
        ),
        migrations.AddField(
            model_name="flight",
            name="distance_km",
            field=models.DecimalField(decimal_places=1, max_digits=6, null=True),
        ),
        migrations.AddField(
            model_name="flight",
            name="scheduled_arrival",
            field=models.TimeField(null=True),
        ),
        migrations.AddField(
            model_name="flight",
            name="scheduled_departure",
            field=models.TimeField(null=True),
        ),
        migrations.AddField(
            model_name="weather",
            name="visibility_km",
            field=models.DecimalField(decimal_places=2, max_digits=4, null=True),
        ),
        migrations.AlterField(
            model_name="plane",
            name="engine",
            field=models.CharField(max_length=20, null=True),
        ),
        migrations.AlterField(
            model_name="plane",
            name="engines",
            field=models.SmallIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name="plane",
            name="manufacturer",
            field=models.CharField(max_length=60, null=True),
        ),
        migrations.AlterField(
            model_name="plane",
            name="model",
            field=models.CharField(max_length=40, null=True),
        ),
        migrations.AlterField(
            model_name="plane",
            name="seats",
            field=models.SmallIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name="plane",
            name="type",
            field=models.CharField(max_length=40, null=True),
        ),
        migrations.CreateModel(
            name="CancelledFlight",
            fields=[
                ("year", models.SmallIntegerField()),
                ("month", models.SmallIntegerField()),
                ("day", models.SmallIntegerField()),
                ("sched_dep_time", models.SmallIntegerField()),
                ("sched_arr_time", models.SmallIntegerField()),
                ("flight", models.SmallIntegerField()),
                ("tailnum", models.CharField(max_length=6, null=True)),
                ("dest", models.CharField(max_length=3)),
                ("distance", models.IntegerField()),
                ("hour", models.SmallIntegerField()),
                ("minute", models.SmallIntegerField()),
                ("time_hour", models.DateTimeField()),
                ("scheduled_departure", models.TimeField(null=True)),
                ("scheduled_arrival", models.TimeField(null=True)),
                ("distance_km", models.DecimalField(decimal_places=1, max_digits=6, null=True)),
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                (
                    "carrier",
                    models.ForeignKey(
                        db_column="carrier",
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="flights.airline",
                    ),
                ),
                (
                    "origin",
                    models.ForeignKey(
                        db_column="origin",
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="flights.airport",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
    ]
