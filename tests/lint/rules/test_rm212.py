"""An exclusion constraint."""

import pytest

from tests.lint.reading import flagged, silent


def excluding(base="migrations.Migration", before=""):
    return f"""
        from django.contrib.postgres.constraints import ExclusionConstraint

        class Migration({base}):
            dependencies = [("shop", "0001_initial")]
            operations = [{before}migrations.AddConstraint(
                "Product", ExclusionConstraint(name="no_overlap", expressions=[("price", "=")])
            )]
        """


def test_there_is_no_concurrent_way():
    finding = flagged("RM212", excluding())

    assert finding.message == (
        "Building no_overlap blocks reads and writes of shop_product, and cannot be done concurrently."
    )
    assert finding.hint.startswith("Add no_overlap while shop_product is small")


@pytest.mark.parametrize(
    "constraint",
    [
        'models.UniqueConstraint(fields=["name"], name="one_name")',
        'models.CheckConstraint(condition=models.Q(price__gt=0), name="price_gt_0")',
    ],
)
def test_other_constraints(constraint):
    silent("RM212", f'migrations.AddConstraint("Product", {constraint})')


def test_a_table_of_the_same_migration():
    made = 'migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True))]), '

    silent("RM212", excluding(before=made).replace('"Product"', '"Shelf"'))
