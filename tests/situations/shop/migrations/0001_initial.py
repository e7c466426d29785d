import uuid

import django.db.models.deletion
import django.db.models.expressions
from django.contrib.postgres.operations import CreateCollation
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        CreateCollation("nocase", locale="und-u-ks-level2", provider="icu", deterministic=False),
        migrations.CreateModel(
            name="Basket",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
        ),
        migrations.CreateModel(
            name="Vehicle",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Country",
            fields=[
                ("code", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Customer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
                ("email", models.CharField(max_length=50, null=True, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name="GroupSelect",
            fields=[
                ("id", models.BigAutoField(db_column="Primary Key", primary_key=True, serialize=False)),
                ("name", models.CharField(db_column="Order", max_length=50)),
                ("user", models.IntegerField(db_column="user", default=0)),
                ("words", models.CharField(db_column="two words; -- (x)", default="", max_length=50)),
                (
                    "long",
                    models.IntegerField(
                        db_column="a_name_of_sixty_three_bytes_which_is_all_that_postgresql_takes", default=0
                    ),
                ),
            ],
            options={
                "db_table": "Group Select",
            },
        ),
        migrations.CreateModel(
            name="OrderLine",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "order_number", "line", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("order_number", models.CharField(max_length=10)),
                ("line", models.IntegerField()),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Parcel",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Shelf",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=50)),
                ("position", models.IntegerField(null=True, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name="Supplier",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Word",
            fields=[
                ("word", models.CharField(db_collation="nocase", max_length=20, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="BasketItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
                ("basket", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="shop.basket")),
            ],
        ),
        migrations.CreateModel(
            name="Car",
            fields=[
                (
                    "vehicle_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to="shop.vehicle",
                    ),
                ),
                ("seats", models.IntegerField(default=4)),
            ],
            bases=("shop.vehicle",),
        ),
        migrations.CreateModel(
            name="Category",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
                (
                    "parent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="children",
                        to="shop.category",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Contract",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="shop.customer")),
            ],
        ),
        migrations.AddField(
            model_name="basket",
            name="customer",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="shop.customer"),
        ),
        migrations.CreateModel(
            name="Deposit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("basket", models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, to="shop.basket")),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.RESTRICT, to="shop.customer")),
            ],
        ),
        migrations.CreateModel(
            name="Invoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "customer",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to="shop.customer"),
                ),
                (
                    "payer",
                    models.ForeignKey(
                        default=1,
                        on_delete=django.db.models.deletion.SET_DEFAULT,
                        related_name="paid",
                        to="shop.customer",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
                ("price", models.DecimalField(decimal_places=4, max_digits=12, null=True)),
                ("weight", models.FloatField(null=True)),
                ("on_sale", models.BooleanField(null=True)),
                ("tags", models.JSONField(null=True)),
                ("photo", models.BinaryField(null=True)),
                ("shelf_life", models.DurationField(null=True)),
                ("listed_at", models.DateTimeField(null=True)),
                ("made_on", models.DateField(null=True)),
                ("sold_from", models.TimeField(null=True)),
                ("number", models.BigIntegerField(null=True)),
                ("maker", models.UUIDField(null=True)),
                ("address", models.GenericIPAddressField(null=True)),
                ("text", models.TextField(null=True)),
                ("stock", models.IntegerField(db_default=7)),
                (
                    "doubled",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.expressions.CombinedExpression(
                            models.F("stock"), "*", models.Value(2)
                        ),
                        output_field=models.IntegerField(),
                    ),
                ),
                ("categories", models.ManyToManyField(to="shop.category")),
            ],
        ),
        migrations.CreateModel(
            name="Supply",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("days", models.IntegerField(default=1)),
                ("product", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="shop.product")),
                ("supplier", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="shop.supplier")),
            ],
        ),
        migrations.AddField(
            model_name="product",
            name="suppliers",
            field=models.ManyToManyField(through="shop.Supply", to="shop.supplier"),
        ),
        migrations.CreateModel(
            name="Visit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, to="shop.customer")),
            ],
        ),
        migrations.CreateModel(
            name="Taxi",
            fields=[
                (
                    "car_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to="shop.car",
                    ),
                ),
                ("licence", models.CharField(max_length=20)),
            ],
            bases=("shop.car",),
        ),
    ]
