"""A renamed column."""

import pytest

from tests.lint.reading import flagged, quiet_places, silent

OPERATION = 'migrations.RenameField("Product", "name", "title")'


def test_running_code_asks_for_the_old_name():
    finding = flagged("RM207", OPERATION)

    assert finding.message == (
        "The code that runs now asks shop_product for name, which is title from here on: it fails until the deploy is "
        "over."
    )
    assert finding.hint.startswith(
        'Keep the column: AlterField("product", "name", ...(db_column="name")) before this RenameField. Or add title'
    )


@pytest.mark.parametrize(
    "operation",
    [
        'migrations.AlterField("Product", "name", models.CharField(max_length=100, db_column="title"))',
        'migrations.RunSQL("ALTER TABLE shop_product RENAME COLUMN name TO title")',
        "migrations.RunSQL('ALTER TABLE \"shop_product\" RENAME name TO title')",
    ],
)
def test_however_it_is_renamed(operation):
    finding = flagged("RM207", operation)

    assert finding.message.startswith("The code that runs now asks shop_product for name")
    assert finding.hint.startswith('Keep the column: db_column="name" in the field. Or add title')


def test_a_foreign_key_that_becomes_a_plain_column():
    made = 'migrations.AddField("Product", "base", models.ForeignKey("self", models.CASCADE, null=True))'
    finding = flagged("RM207", made, 'migrations.AlterField("Product", "base", models.IntegerField(null=True))')

    assert "for base_id, which is base from here on" in finding.message
    assert finding.hint.startswith(
        'Keep the column: db_column="base_id" in the field. Or add another field beside base'
    )


def test_a_column_that_keeps_its_name():
    kept = 'migrations.AlterField("Product", "name", models.CharField(max_length=100, db_column="name"))'

    silent("RM207", kept, OPERATION)


@pytest.mark.parametrize(
    "operation",
    [
        'migrations.RunSQL("ALTER TABLE shop_product RENAME COLUMN legacy TO older")',
        'migrations.RunSQL("ALTER TABLE shop_product RENAME CONSTRAINT a TO b")',
        'migrations.RunSQL("ALTER TABLE old RENAME COLUMN name TO title")',
    ],
)
def test_what_no_model_asks_for(operation):
    silent("RM207", operation)


@pytest.mark.parametrize("texts", quiet_places(OPERATION), ids=["state", "online", "new table", "unmanaged"])
def test_nobody_waits(texts):
    silent("RM207", *texts)
