from reversible_migrations import ReversibleMigration
from reversible_migrations import operations as ops


class Migration(ReversibleMigration):
    dependencies = [("crash", "0003_patch")]

    operations = [
        ops.RecordedSQL(
            "UPDATE crash_category SET name = (SELECT max(name) FROM crash_category)", models=["crash.Category"]
        ),
    ]
