"""
``python -m benchmarks.corpus.peers SQUAWK``: what the linters of others find in a project's migrations, as JSON.

It is run in the environment and with the settings of that project, on a database of its own. With the backend of
django-pg-zero-downtime-migrations it tells what that calls unsafe; with Django's own what the other two find.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import django
from django.conf import settings

django.setup()

from django.db.migrations.operations.special import RunPython, RunSQL  # noqa: E402

from benchmarks.corpus.recording import Run, Sent, runs  # noqa: E402

DJANGO_LINTER, ZERO_DOWNTIME, SQUAWK = "django-migration-linter", "django-pg-zero-downtime-migrations", "squawk"
TABLE = re.compile(r'(?:TABLE|ON|UPDATE|INTO|FROM)\s+(?:IF EXISTS |ONLY )?"?(?P<table>\w+)"?')
MADE = re.compile(r'CREATE TABLE "?(\w+)"?')


def main() -> None:
    is_zero = "zero_downtime" in settings.DATABASES["default"]["ENGINE"]
    seen = list(runs())
    found = list(unsafe(seen)) if is_zero else [*of_django_linter(seen), *of_squawk(seen, sys.argv[1])]
    names = [[run.migration.app_label, run.migration.name] for run in seen]
    print(json.dumps({"migrations": names, "findings": found}))


def finding(peer: str, rule: str, run: Run, sent: Sent) -> dict[str, Any]:
    """Return a finding with what is known of its place: the operation, its statement, whether its table is new."""
    operation, text = sent.operation, sent.text
    known = run.migration.operations[operation - 1] if operation else None
    table = TABLE.search(text)
    made = {name for sent in run.statements for name in MADE.findall(sent.text)}
    name = table["table"] if table else ""
    return {
        "peer": peer, "rule": rule, "app": run.migration.app_label, "migration": run.migration.name,
        "operation": operation or None, "kind": type(known).__name__ if known else "",
        "describes": known.describe() if known else "", "text": text, "is_new_table": name in made,
        "made": sorted(made), "is_rewriting": sent.is_rewriting,
    }  # fmt: skip


# django-pg-zero-downtime-migrations


def unsafe(seen: Iterable[Run]) -> Iterator[dict[str, Any]]:
    for run in seen:
        for sent in run.warnings:
            statements = [each.text for each in run.statements if each.operation == sent.operation]
            rule = sent.text.removesuffix(" is unsafe operation")
            yield finding(ZERO_DOWNTIME, rule, run, Sent(sent.operation, "; ".join(statements)))


# django-migration-linter


def of_django_linter(seen: Iterable[Run]) -> Iterator[dict[str, Any]]:
    from django_migration_linter import MigrationLinter  # type: ignore[import-not-found]

    linter = MigrationLinter(no_cache=True, no_output=True)
    for run in seen:
        lines = run.script
        analyser = linter.sql_analyser_class(())
        for check in analyser.one_line_migration_checks:
            for line in lines:
                if check.fn(line.text, errors=[]):
                    yield finding(DJANGO_LINTER, check.code, run, line)
        for check in analyser.transaction_migration_checks:
            line = line_of(check, lines)
            if line is not None:
                yield finding(DJANGO_LINTER, check.code, run, line)
        yield from of_its_data_rules(linter, run)


def line_of(check: Any, lines: list[Sent]) -> Sent | None:
    """Return the line with which a whole transaction begins to be at fault; None for one that is not."""
    texts = [line.text for line in lines]
    if not check.fn(texts, errors=[]):
        return None
    first = next(number for number in range(1, len(texts) + 1) if check.fn(texts[:number], errors=[]))
    return lines[first - 1]


def of_its_data_rules(linter: Any, run: Run) -> Iterator[dict[str, Any]]:
    for number, operation in enumerate(run.migration.operations, start=1):
        if isinstance(operation, RunPython | RunSQL):
            given = linter.analyse_data_migration(SimpleNamespace(operations=[operation]))
            for issue in (issue for issues in given for issue in issues):
                yield finding(DJANGO_LINTER, issue.code, run, Sent(number, issue.message))


# squawk


def of_squawk(seen: Iterable[Run], squawk: str) -> Iterator[dict[str, Any]]:
    with TemporaryDirectory() as folder:
        by_path = {}
        for number, run in enumerate(seen):
            if run.statements:
                path = Path(folder, f"{number}.sql")
                path.write_text("\n".join(line.text for line in run.script) + "\n")
                by_path[str(path)] = run
        done = subprocess.run(
            [squawk, "--reporter", "json", "--pg-version", "15.0", *by_path],
            capture_output=True,
            text=True,
            check=False,
        )
        for each in json.loads(done.stdout):
            run = by_path[each["file"]]
            line = run.script[each["line"]]  # from 0
            yield finding(SQUAWK, each["rule_name"], run, line)


if __name__ == "__main__":
    main()
