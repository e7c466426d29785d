from django.db import migrations, models

from reversible_migrations import ReversibleMigration


class Migration(ReversibleMigration):
    dependencies = [("crash", "0001_initial")]

    operations = [
        migrations.AddConstraint(
            "medicine", models.CheckConstraint(condition=models.Q(sold__gte=0), name="sold_is_a_number")
        ),
    ]
