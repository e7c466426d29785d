"""Schema and rows in one reversible migration."""

from django.db import migrations, models
from django.db.models import F

from reversible_migrations import ReversibleMigration
from reversible_migrations import operations as ops


def double(row):
    row.cents = row.price * 100


class Migration(ReversibleMigration):
    dependencies = [("kiosk", "0004_not_atomic")]
    batch_size = 2

    operations = [
        ops.CreateRows("Paper", [{"title": "First", "price": 3}, {"title": "Second", "price": 4}]),
        migrations.AddField("paper", "cents", models.IntegerField(default=0)),
        ops.TransformRows("Paper", double, fields=["cents"]),
        migrations.AlterField("paper", "cents", models.IntegerField(default=1)),
        ops.UpdateRows("Paper", {"pages": F("cents")}),
    ]
