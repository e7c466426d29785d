"""Lets a project test the rules that it has written for the lint."""

from collections.abc import Mapping

from ..lint.finding import Finding
from ..lint.linter import lint
from ..lint.linter_rules import LINTER_RULES
from ..lint.options import Options
from ..lint.registry import Rule
from ..lint.source_project import text_project


def findings(rule: type[Rule], migrations: Mapping[str, str]) -> list[Finding]:
    """
    Return what one rule finds in ``migrations``: the texts of whole files, by names such as "shop.0001_initial".

    They are read as ``check_reversibility --source`` reads them: no file is written, nothing is imported, no database
    is asked. Raise ``AssertionError`` where a text is no migration, a model that it names is not made in one before
    it, or the rule fails.
    """
    report = lint(text_project(migrations), Options(rules=(rule(),)))
    unread = {known.code for known in LINTER_RULES}
    faults = [f"{each.where}: {each.message}" for each in report.findings if each.code in unread]
    if faults:
        raise AssertionError("\n".join(faults))
    return report.findings
