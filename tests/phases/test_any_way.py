"""
Whatever way through the phases, kills and undos in between, the end is the same as straight ahead, and back the start.

Plans are chains of migrations drawn from ``BLOCKS``. A way is a list of commands, each perhaps killed at one of its
statements, with writes of the application between them.
"""

import importlib
import itertools
import re
import sys
import textwrap
from dataclasses import dataclass

import pytest
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reversible_migrations import ZeroDowntimeMigration
from reversible_migrations.models import Run
from reversible_migrations.states import Phase
from tests.management.conftest import command
from tests.phases.conftest import applied
from tests.situations.fixtures import empty, transactional_db
from tests.situations.running import killed_at

__all__ = ["transactional_db"]
TABLES = ("depot_person", "depot_note", "depot_tag")
numbers = itertools.count(1)

HEAD = """
    from django.db import migrations, models
    from django.db.models import F, Value
    from django.db.models.functions import Concat, Upper
    from reversible_migrations import ReversibleDataPatch, SchemaMigration, ZeroDowntimeMigration
    from reversible_migrations import operations as ops
"""
FIRST = """
    class Migration(migrations.Migration):
        operations = [
            migrations.CreateModel("Person", [
                ("id", models.BigAutoField(primary_key=True)), ("first", models.CharField(max_length=100)),
                ("last", models.CharField(max_length=100)), ("code", models.CharField(max_length=9, null=True)),
                ("age", models.IntegerField(default=0)), ("writes", models.IntegerField(default=0)),
            ]),
            migrations.CreateModel("Tag", [
                ("id", models.BigAutoField(primary_key=True)),
                ("person", models.ForeignKey("depot.Person", models.CASCADE)),
                ("text", models.CharField(max_length=9)),
            ]),
        ]
"""
BLOCKS = {
    "full_name": """
        class Migration(ZeroDowntimeMigration):
            prepare = [migrations.AddField("person", "full", models.CharField(max_length=60, null=True))]
            def migrate_data(self, apps, patch):
                Person = apps.get_model("depot", "Person")
                patch.update(Person.objects.filter(full=None), full=Concat("first", Value(" "), "last"))
            switch = [migrations.AlterField("person", "full", models.CharField(max_length=60))]
            cleanup = [migrations.RemoveField("person", "last")]
    """,
    "notes": """
        class Migration(ZeroDowntimeMigration):
            prepare = [migrations.CreateModel("Note", [
                ("id", models.BigAutoField(primary_key=True)),
                ("person", models.ForeignKey("depot.Person", models.CASCADE)),
                ("text", models.CharField(max_length=9, db_index=True)),
            ])]
            def migrate_data(self, apps, patch):
                patch.create(apps.get_model("depot", "Note"), [
                    {"id": 10 * tag.pk, "person_id": tag.person_id, "text": tag.text}
                    for tag in apps.get_model("depot", "Tag").objects.order_by("pk")
                ])
            cleanup = [migrations.DeleteModel("Tag")]
    """,
    "codes": """
        class Migration(SchemaMigration):
            phase = "switch"
            operations = [
                migrations.AlterField("person", "code", models.CharField(max_length=9, null=True, unique=True)),
                migrations.AddConstraint("person", models.CheckConstraint(
                    condition=models.Q(age__gte=-1), name="depot_old_enough")),
            ]
    """,
    "capitals": """
        class Migration(ReversibleDataPatch):
            def patch(self, apps, patch):
                Person = apps.get_model("depot", "Person")
                patch.update(Person.objects.all(), first=Upper("first"))
                patch.delete(Person.objects.filter(age=7))
    """,
    "ages": """
        class Migration(migrations.Migration):
            phase = "cleanup"
            operations = [ops.UpdateRows("Person", {"age": F("age") + 1}), ops.RetireField("Person", "code")]
    """,
}
# What there may be no way back from just now, and what verification says of a phase before the one that was named.
EXPECTED = ("no migration in phases has begun here", "has no phases, or none done", "was not finished: interrupted")
HALF_UNDONE = re.compile(r"is half undone: .* Finish that with `manage.py (safe_rollback depot --run \d+)`")
AFTER = {"ages": {"codes"}}  # it removes what the other one changes: it goes last of the two


@dataclass(frozen=True)
class Command:
    """A phase to go up to, or to go back to (0: before everything); killed at a share of its statements, or not."""

    back: bool
    phase: int
    killed_at: int | None


commands = st.builds(
    Command, st.booleans(), st.integers(0, 4), st.one_of(st.none(), st.integers(1, 40), st.integers(1, 150))
)
plans = st.lists(st.sampled_from(sorted(BLOCKS)), min_size=1, max_size=4, unique=True)
ways = st.lists(st.one_of(commands, st.just("write")), max_size=6)


@pytest.fixture
def made(transactional_db, settings, tmp_path, monkeypatch):
    """A function that writes a plan as the migrations of the depot, applies the first, and fills the tables."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(blocks):
        clear()
        name = f"depot_plan_{next(numbers)}"
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").touch()
        (folder / "n0001.py").write_text(textwrap.dedent(HEAD) + textwrap.dedent(FIRST))
        for number, block in enumerate(blocks, start=2):
            before = f'    dependencies = [("depot", "n{number - 1:04}"), ("reversible_migrations", "0001_initial")]\n'
            text = textwrap.dedent(BLOCKS[block]).replace(":\n", f":\n{before}", 1)
            (folder / f"n{number:04}.py").write_text(textwrap.dedent(HEAD) + text)
        importlib.invalidate_caches()
        settings.MIGRATION_MODULES = {**settings.MIGRATION_MODULES, "depot": name}
        command("migrate", "depot", "n0001", verbosity=0)
        with connection.cursor() as cursor:
            for n in range(1, 9):
                row = [f"first {n}", f"last {n}", f"c{n}", n]
                cursor.execute(
                    "INSERT INTO depot_person (first, last, code, age, writes) VALUES (%s, %s, %s, %s, 0)", row
                )
                cursor.execute("INSERT INTO depot_tag (person_id, text) VALUES (%s, %s)", [n, f"tag {n}"])

    yield make
    clear()
    for name in [name for name in sys.modules if name.startswith("depot_plan_")]:
        del sys.modules[name]


def clear():
    if connection.connection is not None and connection.needs_rollback:
        connection.close()
    empty()
    with connection.cursor() as cursor:
        present = connection.introspection.table_names(cursor)
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA foreign_keys = OFF")
        for table in present:
            if table in TABLES or table.startswith("rm_retired_"):
                cursor.execute(f"DROP TABLE {table}{' CASCADE' if connection.vendor == 'postgresql' else ''}")
    MigrationRecorder.Migration.objects.filter(app="depot").delete()


def everything():
    """Return columns, constraints and rows of the tables, without what is out of use."""
    found = {}
    with connection.cursor() as cursor:
        for table in sorted({*TABLES} & {*connection.introspection.table_names(cursor)}):
            described = connection.introspection.get_table_description(cursor, table)
            columns = sorted((c.name, str(c.type_code), c.null_ok) for c in described if not c.name.startswith("rm_"))
            names = ", ".join(connection.ops.quote_name(name) for name, *_ in columns)
            cursor.execute(f"SELECT {names} FROM {table} ORDER BY id")
            rows = cursor.fetchall()
            facts = connection.introspection.get_constraints(cursor, table).items()
            constraints = sorted(
                str((fact["columns"], fact["unique"], fact["check"], fact["foreign_key"], fact["index"]))
                for name, fact in facts
                if not name.startswith("rm_retired_")
            )
            found[table] = columns, constraints, rows
    return found


def straight(blocks, made):
    """Return what is there at the start, and at the end without any detour."""
    made(blocks)
    start = everything()
    up_to(Phase.CLEANUP)
    return start, everything()


def up_to(phase):
    try:
        command("migrate_phased", "depot", "--phase", phase.label, "--no-verify", verbosity=0)
    except CommandError as error:
        if half_undone := HALF_UNDONE.search(str(error)):
            command(*half_undone.group(1).split(), "--noinput", verbosity=0)  # as it says
            up_to(phase)
        elif error.returncode != 3:
            raise


def back_to(phase):
    if applied_or_begun():
        arguments = ["n0001"] if phase == 0 or not is_in_phases() else ["--to-phase", Phase(phase).label]
        try:
            command("safe_rollback", "depot", *arguments, "--noinput", verbosity=0)
        except CommandError as error:
            if not any(words in str(error) for words in EXPECTED):
                raise


def applied_or_begun():
    return applied() != ["n000"] or Run.objects.filter(app="depot").exclude(status="undone").exists()


def is_in_phases():
    """Return whether the newest migration that has left something behind is one in phases."""
    newest = Run.objects.filter(app="depot", direction="forwards").exclude(status="undone").order_by("name").last()
    if newest is None:
        return False
    return isinstance(MigrationLoader(connection).graph.nodes[newest.app, newest.name], ZeroDowntimeMigration)


def go(step):
    if step == "write":
        with connection.cursor() as cursor:
            cursor.execute("UPDATE depot_person SET writes = writes + 1 WHERE id <> 7")
        return
    call = back_to if step.back else lambda phase: up_to(Phase(max(1, phase)))
    if step.killed_at is None:
        call(step.phase)
    else:
        killed_at(step.killed_at, call, step.phase)


def any_way(made, blocks, way):
    blocks = sorted(blocks, key=lambda block: block in AFTER)
    start, end = straight(blocks, made)
    made(blocks)
    for step in way:
        go(step)
    writes = sum(step == "write" for step in way)

    up_to(Phase.CLEANUP)
    assert everything() == with_writes(end, writes)
    back_to(0)
    assert everything() == with_writes(start, writes)


def with_writes(found, writes):
    """Return what ``everything`` finds after so many writes of the application."""
    columns, constraints, rows = found["depot_person"]
    place = [name for name, *_ in columns].index("writes")
    key = [name for name, *_ in columns].index("id")
    rows = [(*row[:place], row[place] + (writes if row[key] != 7 else 0), *row[place + 1 :]) for row in rows]
    return {**found, "depot_person": (columns, constraints, rows)}


quick = settings(max_examples=5, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
long = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@quick
@given(plans, ways)
def test_any_way_ends_the_same(made, blocks, way):
    any_way(made, blocks, way)


@pytest.mark.long
@long
@given(plans, ways)
def test_any_way_ends_the_same_many_times(made, blocks, way):
    any_way(made, blocks, way)
