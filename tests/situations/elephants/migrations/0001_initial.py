import django.contrib.postgres.fields
import django.contrib.postgres.fields.hstore
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.search
import django.db.models.deletion
from django.contrib.postgres.operations import HStoreExtension
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        HStoreExtension(),
        migrations.RunSQL('CREATE SCHEMA IF NOT EXISTS "far away"', 'DROP SCHEMA "far away"'),
        migrations.CreateModel(
            name="Herd",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
                (
                    "sizes",
                    django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), null=True, size=None),
                ),
                (
                    "grid",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=10, null=True), size=None
                        ),
                        null=True,
                        size=None,
                    ),
                ),
                ("ages", django.contrib.postgres.fields.ranges.BigIntegerRangeField(null=True)),
                ("seasons", django.contrib.postgres.fields.ranges.DateRangeField(null=True)),
                ("watched", django.contrib.postgres.fields.ranges.DateTimeRangeField(null=True)),
                ("weights", django.contrib.postgres.fields.ranges.DecimalRangeField(null=True)),
                ("facts", django.contrib.postgres.fields.hstore.HStoreField(null=True)),
                ("words", django.contrib.postgres.search.SearchVectorField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Waterhole",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
            ],
            options={
                "db_table": 'far away"."water hole',
            },
        ),
        migrations.CreateModel(
            name="Drink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "herd",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to="elephants.herd"),
                ),
                ("waterhole", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="elephants.waterhole")),
            ],
        ),
    ]
