"""
``python -m benchmarks.lint_peers FOLDER``: what linters of others find in known projects, beside what is found here.

The projects of ``benchmarks.lint_corpus`` are loaded with all they need, and their migrations are run on PostgreSQL,
because the others read SQL. Each finding of theirs is made here too, by a rule on the same operation, or there is a
reason why not; one without is written to FOLDER/unexplained.json, and fails.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from .corpus.databases import ENGINE, NAME, URL
from .lint_corpus import CORPUS, ROOT, install, python
from .peer_rules import SAME, reason_of

PAGE_PATH = ROOT / "docs" / "explanation" / "lint-and-peers.md"
ENGINES = {"own": "django.db.backends.postgresql", "zero": "django_zero_downtime_migrations.backends.postgres"}


@dataclass(frozen=True)
class Project:
    """Packages below FOLDER, and the settings with which they are loaded."""

    packages: str
    settings: str
    pins: str


PROJECTS = (
    Project("packages", "benchmarks.corpus.on_postgresql", "installed.txt"),
    Project("with-pretix", "benchmarks.corpus.with_pretix", "pretix.txt"),
)


@dataclass(frozen=True)
class Judged:
    """A finding of another linter, with the rules that find the same here, or why there is none."""

    peer: str
    rule: str
    here: tuple[str, ...]
    why: str | None
    found: dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.lint_peers", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the projects are installed, or were by the last run")
    parser.add_argument("--keep", action="store_true", help="compare what the linters of others found in the last run")
    parser.add_argument("--output", type=Path, default=PAGE_PATH, help="the page of what is compared")
    options = parser.parse_args()
    folder = options.folder.resolve()
    install(folder)
    install_peers(folder)
    judged: list[Judged] = []
    migrations = 0
    for project in PROJECTS:
        theirs = [read(folder, project, engine, options.keep) for engine in ENGINES]
        migrations += len(theirs[0]["migrations"])
        judged += compared([finding for each in theirs for finding in each["findings"]], ours(folder, project))
    unexplained = [each.found for each in judged if not each.here and each.why is None]
    (folder / "unexplained.json").write_text(json.dumps(unexplained, indent=1))
    options.output.write_text(page(judged, migrations, folder))
    print(f"Wrote {options.output}; {len(judged)} findings of others, {len(unexplained)} without a reason")
    sys.exit(bool(unexplained))


# The projects and the linters


def install_peers(folder: Path) -> None:
    """Install the linters, and the projects that need packages of their own, unless they are there as pinned."""
    for packages, pins in (("peers", "peers.txt"), *((each.packages, each.pins) for each in PROJECTS[1:])):
        text, stamp = (CORPUS / pins).read_text(), folder / f"{packages}-installed"
        if not stamp.exists() or stamp.read_text() != text:
            pip = [python(folder), "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(folder / packages)]
            subprocess.run([*pip, "--require-hashes", "-r", str(CORPUS / pins)], check=True)
            stamp.write_text(text)


def read(folder: Path, project: Project, engine: str, is_kept: bool) -> dict[str, Any]:
    """Return what the linters of others find in a project, by a backend; from the last run if that is asked for."""
    kept = folder / f"{project.packages}-{engine}.json"
    if not is_kept or not kept.exists():
        with database(f"lint_peers_{engine}") as name:
            command = ["-m", "benchmarks.corpus.peers", str(folder / "peers" / "bin" / "squawk")]
            kept.write_text(said(folder, project, command, {ENGINE: ENGINES[engine], NAME: name}))
    found: dict[str, Any] = json.loads(kept.read_text())
    return found


def ours(folder: Path, project: Project) -> list[dict[str, Any]]:
    command = ["-m", "django", "check_reversibility", "--all-apps", "--format", "json"]
    text = said(folder, project, command, {ENGINE: ENGINES["own"], NAME: "none"})
    findings: list[dict[str, Any]] = json.loads(text)["findings"]
    return findings


def said(folder: Path, project: Project, command: Sequence[str], more: dict[str, str]) -> str:
    """Return what a command says in the environment and with the settings of a project."""
    path = os.pathsep.join((str(folder / project.packages), str(folder / "peers"), str(ROOT)))
    environment = {**os.environ, **more, "PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": project.settings}
    done = subprocess.run(
        [python(folder), *command], capture_output=True, text=True, check=False, env=environment, cwd=folder
    )
    if done.returncode not in (0, 1) or "Traceback" in done.stderr:
        raise SystemExit(f"{' '.join(command)} failed for {project.settings}:\n{done.stderr}")
    return done.stdout


@contextmanager
def database(name: str) -> Iterator[str]:
    """Have a database of its own while the block runs."""
    do("DROP DATABASE IF EXISTS {}", name)
    do("CREATE DATABASE {}", name)
    yield name
    do("DROP DATABASE {}", name)


def do(statement: LiteralString, name: str) -> None:
    with psycopg.connect(os.environ.get("POSTGRESQL_URL", URL), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


# The comparison


def compared(theirs: Iterable[dict[str, Any]], here: Iterable[dict[str, Any]]) -> Iterator[Judged]:
    """Yield the findings of others with those of the same migration and operation that are about the same."""
    by_migration = defaultdict(list)
    for finding in here:
        by_migration[finding["app"], finding["migration"]].append(finding)
    for found in theirs:
        same = SAME.get((found["peer"], found["rule"]), ())
        near = [each for each in by_migration[found["app"], found["migration"]] if is_at(each, found["operation"])]
        codes = tuple(sorted({each["code"] for each in near if each["code"] in same}))
        judged = Judged(found["peer"], found["rule"], codes, None, found)
        yield judged if codes else replace(judged, why=reason_of(found))


def is_at(finding: dict[str, Any], operation: int | None) -> bool:
    """Return whether a finding is about an operation, or about a migration as a whole."""
    return (
        operation is None
        or finding["operation"] in (None, "")
        or finding["operation"].partition(".")[0] == str(operation)
    )


PAGE = """\
# The lint and its peers

`python -m benchmarks.lint_peers FOLDER` installs the projects of [the lint's figures](lint-figures.md) with all they
need, runs their migrations on PostgreSQL, and gives what is sent there to linters of others. Then it compares, finding
by finding, what is said of the same operation of the same migration. It has written this page.

{migrations} migrations; {versions}.

Of {total} findings of others {here} are made here too. For each of the {left} others there is a reason, found by
reading samples of its kind; where it is about the statement, and not about the rule as a whole, the script tests it for
every single one, and fails if a finding is left that nothing explains. What is said of their rules in general:
[rules of the peers](../reference/rules/peers.md). strong_migrations and eugene do not read migrations of Django: they
are there only.

This comparison has found what the lint did not see: an index in place of that of a unique constraint, indexes of
`AlterIndexTogether`, the index of a conditional constraint that goes, that of a one-to-one to a new table, and the
locks on tables of many-to-manys. It sees them now.

{parts}
"""


def page(judged: Sequence[Judged], migrations: int, folder: Path) -> str:
    here = sum(bool(each.here) for each in judged)
    peers = sorted({each.peer for each in judged})
    return PAGE.format(
        migrations=migrations, versions=", ".join(versions()), total=len(judged), here=here, left=len(judged) - here,
        parts="\n\n".join(part(peer, [each for each in judged if each.peer == peer]) for peer in peers),
    )  # fmt: skip


def versions() -> Iterator[str]:
    lines = (CORPUS / "peers.txt").read_text().splitlines()
    for name in ("django-migration-linter", "django-pg-zero-downtime-migrations", "squawk-cli"):
        yield next(line.split()[0].replace("==", " ") for line in lines if line.startswith(f"{name}=="))


def part(peer: str, judged: Sequence[Judged]) -> str:
    lines = [f"## {peer}", "", "| its rule | findings | made here too | not made here, and why |", "|---|---:|---|---|"]
    for rule in sorted({each.rule for each in judged}):
        own = [each for each in judged if each.rule == rule]
        made = [each for each in own if each.here]
        by = Counter(code for each in made for code in each.here)
        rules = ", ".join(f"[{code}](../reference/rules/{code.lower()}.md)" for code, _ in by.most_common())
        why = Counter(each.why or "not explained" for each in own if not each.here)
        left = "; ".join(f"{number}: {text}" for text, number in why.most_common())
        lines.append(f"| {rule} | {len(own)} | {f'{len(made)}: {rules}' if made else '0'} | {left} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
