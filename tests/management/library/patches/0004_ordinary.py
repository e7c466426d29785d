from django.db import migrations

from reversible_migrations import operations as ops


class Migration(migrations.Migration):
    """An ordinary migration, with one of our operations in it."""

    dependencies = [("library", "0003_recorded")]
    operations = [
        migrations.RunPython(migrations.RunPython.noop, migrations.RunPython.noop),
        ops.UpdateRows("Book", {"price": 1}),
    ]
