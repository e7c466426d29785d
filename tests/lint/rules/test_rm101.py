"""RunPython without a reverse."""

from tests.lint.reading import flagged, silent


def test_it_names_the_function_and_the_models_that_it_changes():
    finding = flagged("RM101", "migrations.RunPython(fill)")

    assert finding.message == "RunPython(fill) has no reverse: this migration cannot be undone."
    assert finding.hint == 'ops.RecordedPython(fill, models=["shop.Product"])'
    assert (finding.level, finding.operation) == ("error", "1")


def test_code_that_changes_nothing_needs_a_noop_only():
    finding = flagged("RM101", "migrations.RunPython(look)")

    assert finding.hint == "It changes no rows, so: migrations.RunPython(look, migrations.RunPython.noop)"


def test_one_that_is_nested_is_found_where_django_does_not_look():
    inner = "migrations.SeparateDatabaseAndState(database_operations=[migrations.RunPython(fill)])"

    finding = flagged(
        "RM101", f"migrations.SeparateDatabaseAndState(\n    database_operations=[\n        {inner}\n    ])"
    )

    assert finding.operation == "1.1.1"
    assert "only in the middle of the way back" in finding.message


def test_a_subclass_of_run_python_is_one():
    flagged(
        "RM101",
        """
        class Fill(migrations.RunPython):
            reduces_to_sql = False

        class Migration(migrations.Migration):
            dependencies = [("shop", "0001_initial")]
            operations = [Fill(lambda apps, schema_editor: apps.get_model("shop", "Product").objects.update(name=""))]
        """,
    )


def test_a_reverse_is_enough():
    silent("RM101", "migrations.RunPython(fill, fill)")


def test_what_is_recorded_has_one():
    silent("RM101", 'ops.RecordedPython(fill, models=["shop.Product"])')


def test_what_changes_the_state_only_is_not_run():
    silent("RM101", "migrations.SeparateDatabaseAndState(state_operations=[migrations.RunPython(fill)])")


def test_a_reason_in_our_base_class_is_enough():
    stated = """
    class Migration({base}):
        irreversible = "the old names are wrong"
        dependencies = [("shop", "0001_initial")]
        operations = [migrations.RunPython(lambda apps, schema_editor: None)]
    """

    silent("RM101", stated.format(base="ReversibleMigration"))
    flagged("RM101", stated.format(base="migrations.Migration"))  # Django asks for none
