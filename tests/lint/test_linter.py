"""Levels, comments, rules of the project's own, and rules that fail."""

import pytest

from reversible_migrations.exceptions import CannotLint
from reversible_migrations.lint.options import fault_of, options_asked
from reversible_migrations.lint.registry import MigrationRule, OperationRule, ProjectRule, own_rules, rules_with
from reversible_migrations.states import Level
from tests.lint.reading import report_of

IRREVERSIBLE = "migrations.RunPython(fill)"


class NoRunPython(OperationRule):
    """A rule of a project's own."""

    code, name, level = "SHOP1", "no-run-python", Level.INFO
    operations = tuple(type(each.operation) for each in report_of(IRREVERSIBLE).migrations[1].operations)

    def check(self, subject):
        yield self.finding(subject, f"{subject.table!r} is not known here.")


class Failing(MigrationRule):
    code, name, level = "SHOP2", "failing", Level.ERROR

    def check(self, subject):
        raise KeyError(subject.name)


class Long(ProjectRule):
    code, name, level = "SHOP3", "long", Level.INFO

    def check(self, subjects):
        yield self.finding(subjects[-1], f"{len(subjects)} migrations, {len(subjects[-1].operations)} operations.")


class Taken(Long):
    code = "RM101"


class Nameless(ProjectRule):
    def check(self, subjects):
        yield from ()


def found(*texts, **options):
    return [(each.code, each.level) for each in report_of(*texts, **options).findings]


class TestLevels:
    def test_they_are_those_of_the_rule_or_of_the_settings(self):
        assert found(IRREVERSIBLE) == [("RM101", "error")]
        assert found(IRREVERSIBLE, levels={"RM101": "info"}) == [("RM101", "info")]
        assert found(IRREVERSIBLE, levels={"RM101": "off"}) == []

    def test_an_app_may_have_its_own(self):
        assert found(IRREVERSIBLE, levels={"RM101": "off"}, app_levels={"shop": {"RM101": "warning"}}) == [
            ("RM101", "warning")
        ]

    def test_what_is_excluded_is_not_looked_at(self):
        assert found(IRREVERSIBLE, exclude=("shop.0002_x",)) == []
        assert found(IRREVERSIBLE, exclude=("shop",)) == []

    def test_the_report_fails_on_a_level_and_on_worse_ones(self):
        report = report_of(IRREVERSIBLE, levels={"RM101": "warning"})

        assert [report.fails_on(level) for level in Level] == [False, True, True]


IGNORE = "# reversible: ignore RM101 -- the rows are made anew"


class TestComments:
    @pytest.mark.parametrize(
        "operations",
        [
            f"migrations.RunPython(fill),  {IGNORE}",
            f"{IGNORE}\nmigrations.RunPython(fill),",
            f"migrations.RunPython(\n    fill,  {IGNORE}\n)",
            f"migrations.RunPython(\n    {IGNORE}\n    fill,\n)",
        ],
    )
    def test_one_on_the_operation_or_above_it_accepts_it(self, operations):
        report = report_of(operations)

        assert report.findings == []
        assert [each.code for each in report.accepted] == ["RM101"]

    @pytest.mark.parametrize("line", ["{cls}  {comment}", "{comment}\n{cls}"])
    def test_one_on_the_class_accepts_it_for_the_migration(self, line):
        cls = line.format(cls="class Migration(migrations.Migration):", comment=IGNORE)
        operations = "[migrations.RunSQL('DROP VIEW v'), migrations.RunPython(fill), migrations.RunPython(fill)]"

        text = f'{cls}\n    dependencies = [("shop", "0001_initial")]\n    operations = {operations}\n'

        assert found(f"def fill(apps, schema_editor): ...\n\n{text}") == [("RM102", "error")]

    def test_it_holds_for_its_own_operation_only(self):
        assert found(f"migrations.RunPython(fill),  {IGNORE}\nmigrations.RunPython(fill),") == [("RM101", "error")]

    def test_one_without_a_reason_accepts_nothing(self):
        assert found("migrations.RunPython(fill),  # reversible: ignore RM101") == [
            ("RM004", "error"), ("RM101", "error"),
        ]  # fmt: skip

    def test_one_that_suppresses_nothing_is_said(self):
        assert found(f"migrations.RunPython(fill, fill),  {IGNORE}") == [("RM005", "warning")]

    def test_of_several_codes_each_has_to_suppress_something(self):
        comment = "# reversible: ignore RM101, RM102 -- the rows are made anew"

        (finding,) = report_of(f"migrations.RunPython(fill),  {comment}").findings

        assert (finding.code, finding.message) == ("RM005", "The suppression of RM102 suppresses nothing.")

    def test_rules_that_were_not_asked_leave_comments_alone(self):
        rules = [rule for rule in own_rules() if rule.code == "RM102"]

        assert found(f"migrations.RunPython(fill),  {IGNORE}", rules=rules, is_narrowed=True) == []
        assert found(f"migrations.RunPython(fill),  {IGNORE}", levels={"RM101": "off"}) == []

    def test_text_in_a_string_is_no_comment(self):
        assert found(f'migrations.RunSQL("SELECT 1  {IGNORE}", "")') == []


class TestRules:
    def test_a_project_may_have_its_own(self):
        rules = [NoRunPython(), Long()]

        assert found(IRREVERSIBLE, rules=rules) == [("SHOP3", "info"), ("SHOP1", "info")]

    def test_one_that_fails_does_not_hide_the_others(self):
        (failed, *others) = report_of(IRREVERSIBLE, rules=[Failing(), *own_rules()]).findings

        assert (failed.code, failed.migration) == ("RM003", "0001_initial")
        assert "Rule SHOP2 failed here (KeyError at" in failed.message
        assert [each.code for each in others] == ["RM003", "RM101"]

    def test_they_are_found_by_dotted_path(self):
        assert [rule.code for rule in rules_with([f"{__name__}.Long"])][-1] == "SHOP3"

    @pytest.mark.parametrize(
        ("path", "said"),
        [
            (f"{__name__}.Taken", "has the code RM101, which another rule has"),
            (f"{__name__}.Nameless", "has no code"),
            (f"{__name__}.Nothing", "cannot be imported"),
            ("datetime.date", "is no rule"),
        ],
    )
    def test_what_is_no_rule_is_refused(self, path, said):
        with pytest.raises(CannotLint, match=said):
            rules_with([path])

    def test_codes_that_no_rule_has_are_refused_with_the_nearest(self):
        with pytest.raises(CannotLint, match=r"RM9101 is no rule\. .*Did you mean 'RM101'"):
            options_asked(["RM9101"])


class TestSettings:
    def test_they_are_those_of_the_project(self, settings):
        settings.REVERSIBLE_MIGRATIONS = {
            "LINT": {"LEVELS": {"RM101": "off"}, "APPS": {"a": {"RM101": "info"}}, "EXCLUDE": ["b"]}
        }

        options = options_asked()

        assert options.level_of("RM101", Level.ERROR, "shop") is None
        assert options.level_of("RM101", Level.ERROR, "a") == Level.INFO
        assert options.is_excluded("b", "0001_initial")

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"LEVEL": {}}, "'LEVEL' is not known. Did you mean 'LEVELS'?"),
            ({"LEVELS": []}, "'LEVELS' must be a dict, not list"),
            ({"EXCLUDE": "shop"}, "'EXCLUDE' must be a list, not str"),
            ({"LEVELS": {"RM999": "off"}}, "'LEVELS' names 'RM999', which is no rule."),
            ({"LEVELS": {"RM101": "bad"}}, "gives RM101 the level 'bad'; levels are error, warning, info and off"),
            ({"APPS": {"shop": "off"}}, "'shop' must be a dict of codes and levels, not str"),
            ({"RULES": ["datetime.date"]}, "datetime.date is no rule"),
        ],
    )
    def test_faults_are_sentences(self, given, said):
        assert said in fault_of(given)

    def test_those_that_are_at_fault_are_refused(self, settings):
        settings.REVERSIBLE_MIGRATIONS = {"LINT": {"LEVEL": {}}}

        with pytest.raises(CannotLint, match="'LEVEL' is not known"):
            options_asked()
