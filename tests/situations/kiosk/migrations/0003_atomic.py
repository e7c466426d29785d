"""Recorded operations in an ordinary, atomic migration, one of them inside ``SeparateDatabaseAndState``."""

from django.db import migrations, models
from django.db.models import F, Q

from reversible_migrations import operations as ops


def shout(apps, schema_editor):
    for paper in apps.get_model("kiosk", "Paper").objects.using(schema_editor.connection.alias):
        paper.title = paper.title.upper()
        paper.save()


class Migration(migrations.Migration):
    dependencies = [("kiosk", "0002_dearer")]

    operations = [
        ops.UpdateRows("Paper", {"pages": 8}, where=Q(pages=None)),
        migrations.AddField("paper", "weekly", models.BooleanField(default=False)),
        migrations.SeparateDatabaseAndState(
            database_operations=[ops.UpdateRows("Paper", {"price": F("price") + 1}, where=Q(price__gt=10))]
        ),
        ops.RecordedPython(shout, models=["kiosk.Paper"]),
    ]
