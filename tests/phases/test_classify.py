"""To which phase an ordinary migration belongs, by what it does to code that is running."""

import pytest
from django.db import migrations, models
from django.db.migrations.state import ModelState, ProjectState

from reversible_migrations import operations as ops
from reversible_migrations.checks import check_settings
from reversible_migrations.exceptions import AmbiguousPhase
from reversible_migrations.phases.classify import phase_named, phase_of
from reversible_migrations.states import Phase

PREPARE, DATA, SWITCH, CLEANUP = Phase


def state():
    fields = [
        ("id", models.BigAutoField(primary_key=True)),
        ("name", models.CharField(max_length=100)),
        ("note", models.TextField(null=True)),
        ("code", models.CharField(max_length=10, unique=True)),
    ]
    found = ProjectState()
    found.add_model(ModelState("shop", "Item", fields))
    return found


def migration(*operations, **attributes):
    return type("Migration", (migrations.Migration,), {"operations": list(operations), **attributes})("0009_x", "shop")


def phase(*operations, **attributes):
    return phase_of(migration(*operations, **attributes), state())


def alter(name, field):
    return migrations.AlterField("item", name, field)


def noop(apps, schema_editor):
    """Change rows, for all that anybody can tell."""


UNIQUE = models.UniqueConstraint(fields=["name"], name="shop_name")

CASES = [
    ("a new table", migrations.CreateModel("New", [("id", models.BigAutoField(primary_key=True))]), PREPARE),
    ("a column with NULL", migrations.AddField("item", "x", models.IntegerField(null=True)), PREPARE),
    ("a column with db_default", migrations.AddField("item", "x", models.IntegerField(db_default=1)), PREPARE),
    ("a column that an INSERT must have", migrations.AddField("item", "x", models.IntegerField(default=1)), SWITCH),
    ("many-to-many", migrations.AddField("item", "x", models.ManyToManyField("shop.Item")), PREPARE),
    ("an index", migrations.AddIndex("item", models.Index(fields=["name"], name="shop_name_i")), PREPARE),
    ("an index less", migrations.RemoveIndex("item", "shop_name_i"), CLEANUP),
    ("a constraint", migrations.AddConstraint("item", UNIQUE), SWITCH),
    ("a constraint less", migrations.RemoveConstraint("item", "shop_name"), PREPARE),
    ("a column less", migrations.RemoveField("item", "note"), CLEANUP),
    ("a table less", migrations.DeleteModel("item"), CLEANUP),
    ("another name of a column", migrations.RenameField("item", "name", "title"), SWITCH),
    ("another db_column", alter("name", models.CharField(max_length=20, db_column="title")), SWITCH),
    ("another name of a model", migrations.RenameModel("Item", "Thing"), SWITCH),
    ("another name of a table", migrations.AlterModelTable("item", "things"), SWITCH),
    ("a longer text", alter("name", models.CharField(max_length=200)), PREPARE),
    ("a shorter text", alter("name", models.CharField(max_length=50)), SWITCH),
    ("NULL allowed", alter("name", models.CharField(max_length=100, null=True)), PREPARE),
    ("NULL no longer allowed", alter("note", models.TextField()), SWITCH),
    ("another type", alter("note", models.IntegerField(null=True)), SWITCH),
    ("unique", alter("name", models.CharField(max_length=100, unique=True)), SWITCH),
    ("not unique any more", alter("code", models.CharField(max_length=10)), PREPARE),
    ("only a help text", alter("name", models.CharField(max_length=100, help_text="?")), PREPARE),
    ("unique together", migrations.AlterUniqueTogether("item", {("name", "code")}), SWITCH),
    ("options", migrations.AlterModelOptions("item", {"ordering": ["name"]}), PREPARE),
    ("code over rows", migrations.RunPython(noop, noop), DATA),
    ("our operations", ops.UpdateRows("Item", {"name": ""}), DATA),
    ("an UPDATE", migrations.RunSQL("-- all of them\nUPDATE shop_item SET name = ''", ""), DATA),
    ("a CREATE", migrations.RunSQL([("CREATE VIEW v AS SELECT %s", [1])], "DROP VIEW v"), PREPARE),
    ("a DROP", migrations.RunSQL("DROP VIEW v", ""), CLEANUP),
]


@pytest.mark.parametrize(("operation", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_an_operation_does_tells_its_phase(operation, expected):
    assert phase(operation) == expected


def test_a_migration_without_operations_may_run_first():
    assert phase() == PREPARE


def test_all_that_is_done_to_a_table_of_the_same_migration_adds_it():
    made = migrations.CreateModel("New", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField())])
    unique = models.UniqueConstraint(fields=["n"], name="shop_new_n")

    assert phase(made, migrations.AddConstraint("new", unique), migrations.RemoveField("new", "n")) == PREPARE


def test_state_operations_do_nothing_to_the_database():
    state_only = migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("item", "note")])
    both = migrations.SeparateDatabaseAndState(
        database_operations=[migrations.RunSQL("DROP VIEW v", "")],
        state_operations=[migrations.AddField("item", "x", models.IntegerField(null=True))],
    )

    assert phase(state_only) == PREPARE
    assert phase(both) == CLEANUP


class TestWhatIsRefused:
    def test_operations_of_several_phases_with_what_belongs_where(self):
        mixed = [migrations.AddField("item", "x", models.IntegerField(null=True)), migrations.RunPython(noop, noop)]

        with pytest.raises(AmbiguousPhase) as refused:
            phase(*mixed)

        message = str(refused.value)
        assert (
            "operation 1 (Add field x to item) to prepare, operation 2 (Raw Python operation) to migrate_data"
            in message
        )
        assert 'PHASES = {"shop.0009_x": "..."}' in message

    def test_sql_that_may_be_anything(self):
        with pytest.raises(AmbiguousPhase, match=r"operation 1 .* may belong to any phase"):
            phase(migrations.RunSQL("ALTER TABLE shop_item ADD x int", ""))

    def test_a_phase_that_there_is_not(self):
        with pytest.raises(AmbiguousPhase, match="has the phase 'later', which there is not"):
            phase(phase="later")


class TestWhatIsSaid:
    def test_the_migration_says_its_phase(self):
        assert phase(migrations.RunPython(noop, noop), phase="prepare") == PREPARE

    def test_a_setting_says_it_for_an_app_or_a_migration(self, settings):
        settings.REVERSIBLE_MIGRATIONS = {"PHASES": {"shop": "switch"}}
        of_app = phase(migrations.RunPython(noop, noop))
        settings.REVERSIBLE_MIGRATIONS = {"PHASES": {"shop": "switch", "shop.0009_x": 4}}

        assert (of_app, phase(migrations.RunPython(noop, noop))) == (SWITCH, CLEANUP)

    @pytest.mark.parametrize("name", ["switch", 3, "3", Phase.SWITCH])
    def test_by_name_or_number(self, name):
        assert phase_named(name, "--phase") == SWITCH

    def test_a_setting_that_names_no_phase_is_found_at_start_up(self, settings):
        settings.REVERSIBLE_MIGRATIONS = {"PHASES": {"shop": "switch", "stock": "later", "other": 4}}

        (error,) = check_settings()

        assert error.id == "reversible_migrations.E005"
        assert "'later', which is no phase" in error.msg
