"""A value added to an enum type in a transaction."""

from tests.lint.reading import flagged, on_base, silent

ADDED = """migrations.RunSQL("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'glad' AFTER 'sad'")"""


def test_nothing_may_use_it_yet():
    finding = flagged("RM214", ADDED)

    assert finding.message == (
        "The new value of mood cannot be used before this migration is committed: what stores it in the same migration "
        "fails."
    )
    assert "atomic = False" in finding.hint


def test_no_transaction():
    silent("RM214", on_base("migrations.Migration", ADDED, attribute="atomic = False"))


def test_other_changes_of_a_type():
    silent("RM214", """migrations.RunSQL("ALTER TYPE mood RENAME VALUE 'sad' TO 'glum'")""")
