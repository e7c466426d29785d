"""The tables as the files have them: 2400 for midnight, NA as NULL."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Airline",
            fields=[
                ("carrier", models.CharField(max_length=2, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100)),
            ],
        ),
        migrations.CreateModel(
            name="Airport",
            fields=[
                ("faa", models.CharField(max_length=3, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100)),
                ("lat", models.FloatField()),
                ("lon", models.FloatField()),
                ("alt", models.IntegerField()),
                ("tz", models.SmallIntegerField()),
                ("dst", models.CharField(max_length=1)),
                ("tzone", models.CharField(max_length=40, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Plane",
            fields=[
                ("tailnum", models.CharField(max_length=6, primary_key=True, serialize=False)),
                ("year", models.SmallIntegerField(null=True)),
                ("type", models.CharField(max_length=40)),
                ("manufacturer", models.CharField(max_length=60)),
                ("model", models.CharField(max_length=40)),
                ("engines", models.SmallIntegerField()),
                ("seats", models.SmallIntegerField()),
                ("speed", models.SmallIntegerField(null=True)),
                ("engine", models.CharField(max_length=20)),
            ],
        ),
        migrations.CreateModel(
            name="Flight",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
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
                ("dep_time", models.SmallIntegerField(null=True)),
                ("dep_delay", models.SmallIntegerField(null=True)),
                ("arr_time", models.SmallIntegerField(null=True)),
                ("arr_delay", models.SmallIntegerField(null=True)),
                ("air_time", models.SmallIntegerField(null=True)),
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
        migrations.CreateModel(
            name="Weather",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("year", models.SmallIntegerField()),
                ("month", models.SmallIntegerField()),
                ("day", models.SmallIntegerField()),
                ("hour", models.SmallIntegerField()),
                ("temp", models.FloatField(null=True)),
                ("dewp", models.FloatField(null=True)),
                ("humid", models.FloatField(null=True)),
                ("wind_dir", models.SmallIntegerField(null=True)),
                ("wind_speed", models.FloatField(null=True)),
                ("wind_gust", models.FloatField(null=True)),
                ("precip", models.FloatField()),
                ("pressure", models.FloatField(null=True)),
                ("visib", models.DecimalField(decimal_places=2, max_digits=4)),
                ("time_hour", models.DateTimeField()),
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
                "verbose_name_plural": "weather",
                "constraints": [models.UniqueConstraint(fields=("origin", "time_hour"), name="one_weather_an_hour")],
            },
        ),
    ]
