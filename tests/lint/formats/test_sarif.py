"""SARIF: valid against its schema, with every fact in the place where readers look for it."""

import json
from pathlib import Path

import pytest

from reversible_migrations.lint.checking import check_migrations
from reversible_migrations.lint.linter_rules import LINTER_RULES
from reversible_migrations.lint.registry import own_rules
from reversible_migrations.lint.report import formats

SCHEMA = Path(__file__).parent.parent / "schemas" / "sarif-2.1.0.json"


def log_of(report):
    return json.loads(formats()["sarif"].written(report))


def run_of(report):
    (run,) = log_of(report)["runs"]
    return run


@pytest.fixture
def results(shop):
    return {
        (result["ruleId"], "suppressions" in result): result
        for result in run_of(check_migrations(sources=["shop"]))["results"]
    }


def test_it_is_valid(shop):
    jsonschema = pytest.importorskip("jsonschema", reason="NOT RUN: jsonschema of requirements.txt is not installed")
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    log = log_of(check_migrations(sources=["shop"]))

    assert list(validator.iter_errors(log)) == []

    log["runs"][0]["results"][0]["level"] = "bad"  # the schema does refuse what is none
    assert not validator.is_valid(log)


def test_a_finding_has_its_level_text_and_place(shop, results):
    result = results["RM105", False]

    assert result["level"] == "warning"
    assert result["message"]["text"] == (
        'shop_product loses the values of price: undo brings back an empty column.\nops.RetireField("product", "price")'
    )
    assert result["locations"] == [
        {
            "logicalLocations": [{"fullyQualifiedName": "shop.0002_x.2"}],
            "physicalLocation": {
                "artifactLocation": {"uri": "shop/migrations/0002_x.py", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 10, "endLine": 12},
            },
        }
    ]


def test_paths_are_told_from_the_root_of_the_pipeline(shop, monkeypatch):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(shop))
    monkeypatch.chdir(shop / "shop")

    run = run_of(check_migrations(sources=["migrations"]))

    place = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place["uri"] == "shop/migrations/0002_x.py"
    assert run["originalUriBaseIds"] == {"%SRCROOT%": {"uri": f"{shop.as_uri()}/"}}


def test_a_file_elsewhere_has_its_whole_path(shop, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))

    result = run_of(check_migrations(sources=[str(shop)]))["results"][0]

    path = shop / "shop/migrations/0002_x.py"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": path.as_uri()}


def test_rules_are_described_with_their_links(shop):
    run = run_of(check_migrations(sources=["shop"]))

    described = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in described] == [rule.code for rule in (*LINTER_RULES, *own_rules())]
    by_code = {rule["id"]: rule for rule in described}
    assert (
        by_code["RM105"]["helpUri"] == "https://docs.djangoproject.com/en/stable/ref/migration-operations/#removefield"
    )
    assert by_code["RM105"]["shortDescription"]["text"].startswith("A removed field whose values nobody keeps")
    assert by_code["RM105"]["help"]["text"] == "See docs/reference/rules/rm105.md."
    assert [described[result["ruleIndex"]]["id"] for result in run["results"]] == ["RM102", "RM105", "RM102"]


def test_what_a_comment_accepts_is_suppressed_with_its_reason(results):
    assert results["RM102", True]["suppressions"] == [
        {"kind": "inSource", "status": "accepted", "justification": "the view is made anew at night"}
    ]


def test_what_a_baseline_accepts_is_suppressed_outside(shop):
    check_migrations(sources=["shop"], baseline="known.json", writes_baseline=True)

    results = run_of(check_migrations(sources=["shop"], baseline="known.json"))["results"]

    kinds = [(result["ruleId"], result["suppressions"][0]["kind"]) for result in results]
    assert sorted(kinds) == [("RM102", "external"), ("RM102", "inSource"), ("RM105", "external")]


def test_a_finding_is_known_again_wherever_it_moves_to(shop, results):
    path = shop / "shop/migrations/0002_x.py"
    path.write_text(path.read_text().replace("class Migration", "\n\nclass Migration"))

    moved = run_of(check_migrations(sources=["shop"]))["results"]

    prints = [result["partialFingerprints"] for result in moved]
    assert prints == [result["partialFingerprints"] for result in results.values()]
    assert len({each["migrationOperation/v1"] for each in prints}) == 3
    assert moved[0]["locations"] != results["RM102", False]["locations"]


def test_a_package_that_cannot_be_read_has_no_file(installed):
    installed({"bakery/migrations/__init__.py": "raise RuntimeError('no')"}, "bakery")

    (result,) = run_of(check_migrations(["bakery"]))["results"]

    assert result["locations"] == [{"logicalLocations": [{"fullyQualifiedName": "bakery"}]}]
