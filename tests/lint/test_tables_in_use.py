"""For which changes of fields Django has statements, as its schema editor says itself."""

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, migrations, models
from django.db.migrations.state import ModelState, ProjectState

from reversible_migrations.lint.tables_in_use import has_statements


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="others write the table anew")
@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            models.CharField(max_length=9, unique=True),
            models.CharField(max_length=9, unique=True, db_index=True),
            False,
        ),
        (
            models.CharField(max_length=9, unique=True, db_index=True),
            models.CharField(max_length=9, unique=True),
            False,
        ),
        (models.CharField(max_length=9), models.CharField(max_length=9, default="a"), False),
        (models.CharField(max_length=9), models.CharField(max_length=9, db_index=True), True),
        (
            models.CharField(max_length=9, db_index=True),
            models.CharField(max_length=9, unique=True, db_index=True),
            True,
        ),
        (models.JSONField(), models.JSONField(encoder=DjangoJSONEncoder), False),
        (models.CharField(max_length=9), models.SlugField(max_length=9, db_index=False, allow_unicode=True), False),
        (models.CharField(max_length=9), models.SlugField(max_length=9), True),
        (models.IntegerField(), models.PositiveIntegerField(), True),
        (models.IntegerField(), models.IntegerField(db_comment="pieces"), True),
        (models.IntegerField(), models.IntegerField(db_default=0), True),
        (models.CharField(max_length=9), models.CharField(max_length=9, db_collation="C"), True),
        (models.CharField(max_length=9), models.CharField(max_length=10), True),
        (models.CharField(max_length=9), models.CharField(max_length=9, null=True), True),
    ],
)
def test_the_schema_editor_says_the_same(old, new, expected):
    before = ProjectState()
    before.add_model(ModelState("shop", "Shelf", [("id", models.BigAutoField(primary_key=True)), ("name", old)]))
    operation = migrations.AlterField("Shelf", "name", new)
    after = before.clone()
    operation.state_forwards("shop", after)

    with connection.schema_editor(collect_sql=True) as editor:
        operation.database_forwards("shop", editor, before, after)
        editor.deferred_sql, statements = [], [*editor.collected_sql, *editor.deferred_sql]

    assert bool(statements) is expected
    assert has_statements(old, new) is expected
