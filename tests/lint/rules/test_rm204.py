"""A CHECK that is tried on all rows under a lock."""

import pytest

from tests.lint.reading import flagged, quiet_places, silent

CHECK = 'models.CheckConstraint(condition=models.Q(price__gt=0), name="price_gt_0")'
OPERATION = f'migrations.AddConstraint("Product", {CHECK})'


def test_all_rows_are_checked():
    finding = flagged("RM204", OPERATION)

    assert finding.message == (
        "Every row of shop_product is checked for price_gt_0, and nobody can read or write it until then."
    )
    assert finding.hint.startswith('AddConstraintNotValid("product", models.CheckConstraint(condition=')
    assert 'ValidateConstraint("product", "price_gt_0")' in finding.hint


def test_a_field_of_positive_numbers_brings_one_along():
    finding = flagged("RM204", 'migrations.AddField("Product", "stock", models.PositiveSmallIntegerField(null=True))')

    assert finding.message.startswith("Every row of shop_product is checked for stock >= 0")
    assert finding.hint.startswith("models.SmallIntegerField now")


def test_one_that_is_validated_later():
    not_valid = f"""
        from django.contrib.postgres.operations import AddConstraintNotValid

        class Migration(migrations.Migration):
            dependencies = [("shop", "0001_initial")]
            operations = [AddConstraintNotValid("Product", {CHECK})]
        """

    silent("RM204", not_valid)


@pytest.mark.parametrize(
    "operation",
    [
        'migrations.AddConstraint("Product", models.UniqueConstraint(fields=["name"], name="one_name"))',
        'migrations.AddField("Product", "stock", models.IntegerField(null=True))',
        'migrations.RemoveConstraint("Product", "price_gt_0")',
    ],
)
def test_what_checks_nothing(operation):
    made = f"migrations.SeparateDatabaseAndState([], [{OPERATION}])"

    silent("RM204", made, operation)


@pytest.mark.parametrize("texts", quiet_places(OPERATION), ids=["state", "online", "new table", "unmanaged"])
def test_nobody_waits(texts):
    silent("RM204", *texts)
