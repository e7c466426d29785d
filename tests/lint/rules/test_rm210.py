"""A column of the type json."""

import pytest
from django.db import models
from django.db.migrations.operations import AddField, AlterField, CreateModel

from reversible_migrations.lint.linter import lint
from reversible_migrations.lint.options import Options
from reversible_migrations.lint.registry import own_rules
from reversible_migrations.lint.source_project import text_project
from tests.lint.reading import INITIAL, flagged, migration, silent


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE shop_product ADD COLUMN extra json",
        "ALTER TABLE shop_product ALTER COLUMN extra TYPE json USING extra::json",
        "CREATE TABLE shop_product (id bigint, extra JSON NOT NULL)",
    ],
)
def test_it_has_no_equality(sql):
    finding = flagged("RM210", f'migrations.RunSQL("{sql}")')

    assert finding.message == (
        "shop_product.extra is of the type json, which has no equality: DISTINCT, GROUP BY and UNION on it fail."
    )
    assert finding.hint == "Use jsonb."


class Json(models.Field):
    """A field of a project's own."""

    def db_type(self, connection):
        return "json" if connection.vendor == "postgresql" else "text"


class Odd(Json):
    """A field that asks more of the connection than is known without a database."""

    def db_type(self, connection):
        return connection.ops.nothing()


UNMANAGED = {"managed": False}


@pytest.mark.parametrize(
    ("operation", "is_flagged"),
    [
        (AddField("Product", "extra", Json()), True),
        (AddField("Product", "extra", Odd()), False),
        (AddField("Product", "extra", models.JSONField(null=True)), False),
        (CreateModel("Shelf", [("id", models.AutoField(primary_key=True)), ("extra", Json())]), True),
        (CreateModel("Shelf", [("id", models.AutoField(primary_key=True)), ("extra", Json())], UNMANAGED), False),
    ],
)
def test_a_field_says_its_type(operation, is_flagged):
    assert found([operation]) == ["RM210"] * is_flagged


def test_a_column_that_was_so_before_is_told_once():
    assert found([AddField("Product", "extra", Json()), AlterField("Product", "extra", Json(null=True))]) == ["RM210"]


def found(operations):
    project = text_project({"shop.0001_initial": INITIAL, "shop.0002_x": migration("")})
    project.migrations["shop", "0002_x"].migration.operations += operations
    return [each.code for each in lint(project, Options(rules=own_rules())).findings if each.code == "RM210"]


@pytest.mark.parametrize(
    "operation",
    [
        'migrations.AddField("Product", "extra", models.JSONField(null=True))',
        'migrations.RunSQL("ALTER TABLE shop_product ADD COLUMN extra jsonb")',
        'migrations.RunSQL("ALTER TABLE shop_product ADD COLUMN json text")',
        'migrations.RunSQL("CREATE TABLE json (json text)")',
    ],
)
def test_jsonb_has_it(operation):
    silent("RM210", operation)
