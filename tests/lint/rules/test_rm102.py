"""RunSQL without a reverse."""

from tests.lint.reading import flagged, silent


def test_sql_that_changes_rows_is_recorded_with_the_model_of_its_table():
    finding = flagged("RM102", "migrations.RunSQL(\"UPDATE shop_product SET name = ''\")")

    assert finding.message == "RunSQL(UPDATE) has no reverse: this migration cannot be undone."
    assert finding.hint == 'ops.RecordedSQL(..., models=["shop.Product"])'


def test_sql_that_changes_the_schema_is_to_be_taken_back_by_hand():
    finding = flagged("RM102", 'migrations.RunSQL("CREATE VIEW v AS SELECT 1")')

    assert finding.hint == 'Write what takes it back: migrations.RunSQL(..., reverse_sql="...")'


def test_lists_are_read_with_their_parameters():
    finding = flagged(
        "RM102", 'migrations.RunSQL(["CREATE TABLE a (b int)", ("DELETE FROM shop_product WHERE id = %s", [1])])'
    )

    assert "RunSQL(CREATE TABLE, DELETE)" in finding.message
    assert 'models=["shop.Product"]' in finding.hint


def test_sql_of_a_file_is_said_to_be_made_by_code():
    finding = flagged("RM102", 'migrations.RunSQL(open("views.sql").read())')

    assert "RunSQL(made by code)" in finding.message


def test_a_reverse_is_enough():
    silent("RM102", 'migrations.RunSQL("CREATE VIEW v AS SELECT 1", "DROP VIEW v")')


def test_what_changes_the_state_only_is_not_run():
    silent("RM102", 'migrations.SeparateDatabaseAndState(state_operations=[migrations.RunSQL("SELECT 1")])')
