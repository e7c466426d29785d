"""
Undo a forward run that did not come to its end, which Django therefore does not know as applied.

    python -m tests.crash.undo_unfinished
"""

import django


def undo_unfinished() -> None:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    name = ("crash", "0002_patch")
    executor = MigrationExecutor(connection)
    before = executor.loader.project_state(name, at_end=False)
    migration = executor.loader.get_migration(*name)
    with connection.schema_editor(atomic=migration.atomic) as schema_editor:
        migration.unapply(before, schema_editor)


if __name__ == "__main__":
    django.setup()
    undo_unfinished()
