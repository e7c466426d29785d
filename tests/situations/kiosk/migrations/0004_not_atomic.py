"""Recorded operations in an ordinary migration without a transaction."""

from django.db import migrations
from django.db.models import F

from reversible_migrations import operations as ops


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("kiosk", "0003_atomic")]

    operations = [
        ops.UpdateRows("Paper", {"price": F("price") + 100}),
        migrations.RunPython(migrations.RunPython.noop, migrations.RunPython.noop),
        ops.DeleteRows("Paper"),
    ]
