"""Several tables in use, locked by one transaction."""

import pytest

from tests.lint.reading import flagged, on_base, silent

SHELF = 'migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True))])'
ADDED = 'migrations.AddField("{}", "stock", models.IntegerField(null=True))'
BOTH = ADDED.format("Product"), ADDED.format("Shelf")


def test_all_stay_locked_until_the_last_is_done():
    finding = flagged("RM216", SHELF, ",\n".join(BOTH))

    assert finding.message.startswith("One transaction locks shop_product and shop_shelf: each stays locked")
    assert finding.hint.startswith("Write one migration for each table")


@pytest.mark.parametrize(
    "text",
    [
        ADDED.format("Product"),
        f'{ADDED.format("Product")},\nmigrations.RemoveField("Product", "price")',
        on_base("migrations.Migration", *BOTH, attribute="atomic = False"),
        on_base("SchemaMigration", *BOTH),
        f'{ADDED.format("Product")},\nmigrations.CreateModel("Box", [("id", models.BigAutoField(primary_key=True))])',
    ],
)
def test_one_at_a_time(text):
    silent("RM216", SHELF, text)
