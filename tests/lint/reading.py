"""Lets the lint read migrations that a test writes down as text: nothing of them is imported."""

from textwrap import dedent, indent

from reversible_migrations.lint.linter import Report, lint
from reversible_migrations.lint.options import Options
from reversible_migrations.lint.registry import own_rules
from reversible_migrations.lint.source_project import text_project

HEADER = """\
from django.db import migrations, models
from reversible_migrations import ReversibleMigration, SchemaMigration, ZeroDowntimeMigration
from reversible_migrations import operations as ops

"""

# What stands before the migrations of the tests: the app `shop` with one model.
INITIAL = f"""{HEADER}
class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Product", [
            ("id", models.BigAutoField(primary_key=True)),
            ("name", models.CharField(max_length=100)),
            ("price", models.DecimalField(max_digits=8, decimal_places=2)),
        ]),
    ]
"""

# Functions that the operations of a test may name, with no other fault than that.
FUNCTIONS = """\
def fill(apps, schema_editor):
    apps.get_model("shop", "Product").objects.using(schema_editor.connection.alias).filter(pk=1).update(name="")


def look(apps, schema_editor):
    print(apps.get_model("shop", "Product").objects.using(schema_editor.connection.alias).count())


"""


def migration(text: str) -> str:
    """Return a whole file: ``text`` with the usual imports, or with a class around it if it is operations only."""
    text = dedent(text).strip("\n")
    if "class Migration" in text:
        return f"{HEADER}\n{text}\n"
    operations = indent(text, " " * 8)
    dependencies = '[("shop", "0001_initial")]'
    body = f"    dependencies = {dependencies}\n    operations = [\n{operations}\n    ]\n"
    return f"{HEADER}{FUNCTIONS}class Migration(migrations.Migration):\n{body}"


def report_of(*texts: str, **options) -> Report:
    """Return what all rules find in 0002, 0003 ..., the new migrations of the app that ``INITIAL`` begins."""
    named = {f"shop.{number:04}_x": migration(text) for number, text in enumerate(texts, start=2)}
    project = text_project({"shop.0001_initial": INITIAL, **named})
    for where in named:
        app_label, name = where.split(".")
        project.migrations[app_label, name].is_new = True
    return lint(project, Options(**{"rules": own_rules(), **options}))


def flagged(code: str, *texts: str):
    """Return the one finding of a rule; fail if there is none, or more."""
    found = [finding for finding in report_of(*texts).findings if finding.code == code]
    assert len(found) == 1, found
    return found[0]


def silent(code: str, *texts: str) -> None:
    """Fail if a rule, or the linter itself, finds anything."""
    assert [each for each in report_of(*texts).findings if each.code == code or each.code.startswith("RM00")] == []


def on_base(base: str, *operations: str, attribute: str = "") -> str:
    """Return a migration on a base class, with an attribute such as ``atomic = False``."""
    written = ", ".join(operation.strip().rstrip(",") for operation in operations)
    lines = ['dependencies = [("shop", "0001_initial")]', *filter(None, [attribute]), f"operations = [{written}]"]
    return "\n    ".join([f"class Migration({base}):", *lines])


def quiet_places(operation: str) -> list[tuple[str, ...]]:
    """
    Return migrations in which an operation on ``Product`` keeps nobody waiting.

    Only in the state; done online by our base class; on a table that the same migration makes; on one that Django
    does not manage.
    """
    shelf = operation.replace("Product", "Shelf").replace("product", "shelf")
    fields = """[
        ("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=100)),
        ("price", models.DecimalField(max_digits=8, decimal_places=2)),
    ]"""
    made = f'migrations.CreateModel("Shelf", {fields})'
    return [
        (f"migrations.SeparateDatabaseAndState(state_operations=[{operation}])",),
        (on_base("SchemaMigration", operation),),
        (f"{made},\n{shelf}",),
        (f'migrations.CreateModel("Shelf", {fields}, {{"managed": False}})', shelf),
    ]
