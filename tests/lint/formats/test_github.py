"""The commands of GitHub Actions, one line for each finding."""

from reversible_migrations.lint.checking import check_migrations
from reversible_migrations.lint.finding import Finding
from reversible_migrations.lint.linter import Report
from reversible_migrations.lint.report import formats
from reversible_migrations.states import Level


def lines_of(report):
    return formats()["github"].written(report).splitlines()


def test_a_finding_is_a_command_with_its_place(shop):
    assert lines_of(check_migrations(sources=["shop"])) == [
        "::error file=shop/migrations/0002_x.py,line=9,title=RM102 irreversible-sql::shop.0002_x, operation 1: "
        "RunSQL(UPDATE) has no reverse: this migration cannot be undone.%0A"
        'ops.RecordedSQL(..., models=["shop.Product"])',
        "::warning file=shop/migrations/0002_x.py,line=10,title=RM105 removed-values::shop.0002_x, operation 2: "
        "shop_product loses the values of price: undo brings back an empty column.%0A"
        'ops.RetireField("product", "price")',
        "Found 1 error and 1 warning in 2 migrations (1 accepted).",
    ]


def test_what_means_something_to_github_is_escaped():
    finding = Finding(
        "RM1", "a,b:c", Level.INFO, "shop", "0002_x", None, "50 %,\r\nsaid: so", path="/a,b/c:d.py", line=3
    )

    assert lines_of(Report([finding]))[0] == (
        "::notice file=/a%2Cb/c%3Ad.py,line=3,title=RM1 a%2Cb%3Ac::shop.0002_x: 50 %25,%0D%0Asaid: so"
    )


def test_a_package_has_no_file():
    finding = Finding("RM001", "x", Level.ERROR, "shop", "", None, "cannot be imported", path="shop.migrations")

    assert lines_of(Report([finding]))[0] == "::error title=RM001 x::shop: cannot be imported"
